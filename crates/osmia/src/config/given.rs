//! Values as they were given, by any layer, and how each type is read from them.

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::hex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{IdentityKey, PeerConfig, address};
use crate::cli;

/// A value as it was given.
#[derive(Clone)]
pub(crate) enum Form<'a> {
    /// The text of an environment variable or of an option; a list is separated by commas.
    Words(&'a str),
    /// All uses of an option that may be repeated.
    Repeated(&'a [String]),
    /// The path in an option.
    Path(&'a Path),
    /// An option without a value.
    Switch,
    /// A value of the file, and where it stands.
    Toml(&'a DeValue<'a>, Range<usize>),
}

/// A value as it was given, and the folder that relative paths in it begin at.
#[derive(Clone)]
pub(crate) struct Given<'a> {
    /// The value.
    pub(crate) form: Form<'a>,
    /// Empty: where the program was started.
    pub(crate) folder: &'a Path,
}

/// Something wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// What, to be read after the key.
    pub(crate) text: String,
    /// Where in the file, when that is not where the value begins.
    pub(crate) offset: Option<usize>,
}

/// A value, or everything that is wrong with it.
pub(crate) type Read<T> = Result<T, Vec<Wrong>>;

impl<'a> Given<'a> {
    /// An error of this value.
    fn wrong<T>(&self, text: impl Into<String>) -> Read<T> {
        let offset = match &self.form {
            Form::Toml(_, span) => Some(span.start),
            Form::Words(_) | Form::Repeated(_) | Form::Path(_) | Form::Switch => None,
        };
        Err(vec![Wrong { text: text.into(), offset }])
    }

    /// An error that says which type was expected.
    fn wrong_type<T>(&self, expected: &str) -> Read<T> {
        let got = match &self.form {
            Form::Words(text) => format!("\"{text}\""),
            Form::Repeated(_) => "several values".to_owned(),
            Form::Path(path) => path.display().to_string(),
            Form::Switch => "no value".to_owned(),
            Form::Toml(value, _) => type_name(value).to_owned(),
        };
        self.wrong(format!("expected {expected}, not {got}"))
    }

    fn toml(&self, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { form: Form::Toml(value.get_ref(), value.span()), folder: self.folder }
    }

    /// A text.
    pub(crate) fn text(&self) -> Read<&'a str> {
        match &self.form {
            Form::Words(text) => Ok(text),
            Form::Toml(DeValue::String(text), _) => Ok(text),
            Form::Path(_) | Form::Repeated(_) | Form::Switch | Form::Toml(..) => {
                self.wrong_type("a text in quotes")
            }
        }
    }

    /// A text that `parse` understands.
    pub(crate) fn parsed<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Read<T> {
        parse(self.text()?).or_else(|text| self.wrong(text))
    }

    /// A path; relative ones begin at the folder.
    pub(crate) fn path(&self) -> Read<PathBuf> {
        let path = match &self.form {
            Form::Path(path) => *path,
            Form::Words(_) | Form::Repeated(_) | Form::Switch | Form::Toml(..) => Path::new(self.text()?),
        };
        if path.as_os_str().is_empty() {
            return self.wrong("the path is empty");
        }
        Ok(self.folder.join(path))
    }

    /// A path, or nothing when the text is empty.
    pub(crate) fn optional_path(&self) -> Read<Option<PathBuf>> {
        let is_empty = match &self.form {
            Form::Path(_) => false,
            Form::Words(_) | Form::Repeated(_) | Form::Switch | Form::Toml(..) => self.text()?.is_empty(),
        };
        if is_empty { Ok(None) } else { self.path().map(Some) }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Read<bool> {
        match &self.form {
            Form::Switch => Ok(true),
            Form::Words("true") => Ok(true),
            Form::Words("false") => Ok(false),
            Form::Toml(DeValue::Boolean(value), _) => Ok(*value),
            Form::Words(_) | Form::Path(_) | Form::Repeated(_) | Form::Toml(..) => {
                self.wrong_type("true or false")
            }
        }
    }

    /// A whole number within `bounds`.
    pub(crate) fn whole_number(&self, bounds: RangeInclusive<usize>) -> Read<usize> {
        let number = match &self.form {
            Form::Words(text) => text.parse::<i64>().ok(),
            Form::Toml(DeValue::Integer(number), _) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok()
            }
            Form::Path(_) | Form::Repeated(_) | Form::Switch | Form::Toml(..) => {
                return self.wrong_type("a whole number");
            }
        };
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) if bounds.contains(&number) => Ok(number),
            Some(_) | None => {
                let (min, max) = bounds.into_inner();
                self.wrong(format!("expected a whole number from {min} to {max}"))
            }
        }
    }

    /// A number of seconds between two milestones, with or without quotes.
    pub(crate) fn interval(&self) -> Read<Duration> {
        let text = match &self.form {
            Form::Toml(DeValue::Integer(number), _) if number.radix() == 10 => number.as_str(),
            Form::Toml(DeValue::Float(number), _) => number.as_str(),
            Form::Words(_) | Form::Path(_) | Form::Repeated(_) | Form::Switch | Form::Toml(..) => {
                self.text().or_else(|_| self.wrong_type("a number of seconds"))?
            }
        };
        cli::interval(text).or_else(|error| self.wrong(error))
    }

    /// The values of a list.
    fn items(&self) -> Read<Vec<Given<'a>>> {
        let words = |text: &'a str| Self { form: Form::Words(text), folder: self.folder };
        match &self.form {
            Form::Words(text) => {
                Ok(text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(words).collect())
            }
            Form::Repeated(texts) => Ok(texts.iter().map(|text| words(text)).collect()),
            Form::Toml(DeValue::Array(values), _) => {
                Ok(values.iter().map(|value| self.toml(value)).collect())
            }
            Form::Path(_) | Form::Switch | Form::Toml(..) => self.wrong_type("a list in brackets"),
        }
    }

    /// A list of what `read` understands, with the problems of all its values.
    pub(crate) fn list<T>(&self, read: impl Fn(&Given<'a>) -> Read<T>) -> Read<Vec<T>> {
        let mut values = Vec::new();
        let mut wrongs = Vec::new();
        for item in self.items()? {
            match read(&item) {
                Ok(value) => values.push(value),
                Err(found) => wrongs.extend(found),
            }
        }
        if wrongs.is_empty() { Ok(values) } else { Err(wrongs) }
    }

    /// A list of texts that `check` accepts.
    pub(crate) fn checked_texts(&self, check: impl Fn(&str) -> Result<(), String>) -> Read<Vec<String>> {
        self.list(|item| item.parsed(|text| check(text).map(|()| text.to_owned())))
    }

    /// Peers, none of them twice.
    pub(crate) fn peers(&self) -> Read<Vec<PeerConfig>> {
        let peers = self.list(Self::peer)?;
        let mut ids: Vec<&str> = peers.iter().filter_map(|peer| address::peer_id(&peer.address)).collect();
        ids.sort_unstable();
        match ids.windows(2).find_map(|pair| pair.first().filter(|id| pair.last() == Some(id))) {
            Some(id) => self.wrong(format!("the peer {id} is there twice")),
            None => Ok(peers),
        }
    }

    /// A peer: its address, or a table with its address and an alias.
    fn peer(&self) -> Read<PeerConfig> {
        let address = |given: &Self| given.parsed(|text| address::check_peer(text).map(|()| text.to_owned()));
        match &self.form {
            Form::Toml(DeValue::Table(table), _) => self.peer_table(table),
            Form::Words(_) | Form::Path(_) | Form::Repeated(_) | Form::Switch | Form::Toml(..) => {
                Ok(PeerConfig { address: address(self)?, alias: None })
            }
        }
    }

    fn peer_table(&self, table: &'a DeTable<'a>) -> Read<PeerConfig> {
        let unknown = table.iter().find(|(name, _)| !["address", "alias"].contains(&name.get_ref().as_ref()));
        if let Some((name, _)) = unknown {
            let text = format!("a peer has an address and an alias, not {}", shown(name.get_ref()));
            return Err(vec![Wrong { text, offset: Some(name.span().start) }]);
        }
        let Some(address) = table.get("address") else { return self.wrong("a peer needs an address") };
        let address =
            self.toml(address).parsed(|text| address::check_peer(text).map(|()| text.to_owned()))?;
        let alias = table.get("alias").map(|alias| self.toml(alias).text()).transpose()?;
        Ok(PeerConfig { address, alias: alias.filter(|alias| !alias.is_empty()).map(str::to_owned) })
    }

    /// The key of the node's identity: a seed, or the seed and the public key after it as the reference node writes it.
    pub(crate) fn identity_key(&self) -> Read<Option<IdentityKey>> {
        let text = self.text()?;
        if text.is_empty() {
            return Ok(None);
        }
        // The text is a secret and is not repeated.
        let bytes = hex::decode(text).unwrap_or_default();
        let Some(seed) = bytes.first_chunk::<32>() else {
            return self.wrong("not a key of 64 or 128 hexadecimal characters");
        };
        match bytes.get(32..) {
            Some([]) => Ok(Some(IdentityKey::new(*seed))),
            Some(public) if *public == SecretKey::from_seed(*seed).public_key().0 => {
                Ok(Some(IdentityKey::new(*seed)))
            }
            Some(public) if public.len() == 32 => {
                self.wrong("its second half is not the public key of the first")
            }
            Some(_) | None => self.wrong("not a key of 64 or 128 hexadecimal characters"),
        }
    }
}

/// A type as people call it.
fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A name from a file as it may be printed.
pub(crate) fn shown(name: &str) -> String {
    name.chars().flat_map(char::escape_debug).collect()
}
