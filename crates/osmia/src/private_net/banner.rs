//! What a start prints: everything a person needs to use the network, on a terminal as a page, elsewhere as
//! `name: value` lines that a script can read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use osmia_chrysalis::TOKEN_SUPPLY;
use osmia_primitives::MilestoneIndex;

use super::setup::Prepared;
use super::shown;
use crate::keys::OWNER_PATH_TEXT;
use crate::terminal::{Style, styled};

/// A network that runs.
pub(crate) struct Banner<'a> {
    /// Where the API listens.
    pub(crate) api: &'a [SocketAddr],
    /// The network.
    pub(crate) prepared: &'a Prepared,
    /// Its data folder.
    pub(crate) folder: &'a Path,
    /// Where the owner's words are when the folder keeps them.
    pub(crate) mnemonic_file: &'a Path,
    /// Time between two milestones.
    pub(crate) interval: Duration,
    /// The confirmed milestone.
    pub(crate) milestone: MilestoneIndex,
}

impl Banner<'_> {
    /// `name: value` lines.
    pub(crate) fn plain(&self) -> String {
        let network = &self.prepared.network;
        let parameters = &network.parameters;
        let mut lines = vec![
            ("api", self.url()),
            ("network", parameters.network_name.clone()),
            ("hrp", parameters.bech32_hrp.clone()),
            ("min-pow-score", parameters.min_pow_score.to_string()),
            ("interval", format!("{} s", self.interval.as_secs_f64())),
            ("milestone", self.milestone.to_string()),
            ("data", self.folder.display().to_string()),
            ("address", self.address()),
        ];
        for url in self.other_urls() {
            lines.push(("other-api", url));
        }
        if let Some(words) = &self.prepared.new_words {
            lines.push(("mnemonic", words.clone()));
        }
        lines.push(("mnemonic-file", shown(network.mnemonic_file(self.mnemonic_file))));
        lines.push(("mnemonic-path", OWNER_PATH_TEXT.to_owned()));
        lines.push(("try", self.curl_info()));
        lines.push(("send", self.curl_send()));
        lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    /// A page for a person.
    pub(crate) fn human(&self, colours: bool) -> String {
        let network = &self.prepared.network;
        let parameters = &network.parameters;
        let bold = |text: &str| styled(text, Style::Bold, colours);
        let state = if self.prepared.is_new { "is new and runs" } else { "runs again" };
        let words_at = shown(network.mnemonic_file(self.mnemonic_file));
        let mut page = format!(
            "\nThe private network {} {state}; milestone {} is confirmed.\n\n\
             \x20 API         {}\n\
             \x20 Network     {} (addresses begin with {}, proof-of-work score {})\n\
             \x20 Milestones  every {} s\n\
             \x20 Data        {}\n\n\
             The whole supply of {} tokens was given to one address:\n\n\
             \x20 Address     {}\n",
            bold(&parameters.network_name),
            self.milestone,
            bold(&self.url()),
            parameters.network_name,
            parameters.bech32_hrp,
            parameters.min_pow_score,
            self.interval.as_secs_f64(),
            self.folder.display(),
            grouped(TOKEN_SUPPLY),
            bold(&self.address()),
        );
        let others = self.other_urls();
        if !others.is_empty() {
            page =
                page.replacen("  Network  ", &format!("  Other APIs  {}\n  Network  ", others.join(" ")), 1);
        }
        if let Some(words) = &self.prepared.new_words {
            page += &format!("  Mnemonic    {}\n", bold(words));
        }
        page += &format!(
            "  Kept in     {words_at}\n\
             \x20 Path        {OWNER_PATH_TEXT}\n\n\
             Try it, and send a message:\n\n\
             \x20 {}\n\
             \x20 {}\n\n\
             Ctrl-C stops the network; the same command resumes it.\n\n",
            self.curl_info(),
            self.curl_send(),
        );
        page
    }

    /// Where a program on this machine reaches the API.
    fn url(&self) -> String {
        url_of(self.api.first().copied().unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into()))
    }

    /// The same of the other nodes.
    fn other_urls(&self) -> Vec<String> {
        self.api.iter().skip(1).copied().map(url_of).collect()
    }

    fn address(&self) -> String {
        let address = self.prepared.network.owner_address();
        address.expect("because the prefix was checked when the network was read")
    }

    fn curl_info(&self) -> String {
        format!("curl -s {}/api/v1/info", self.url())
    }

    fn curl_send(&self) -> String {
        // "osmia" and "Hello" in hexadecimal.
        let payload = r#"{"payload":{"type":2,"index":"6f736d6961","data":"48656c6c6f"}}"#;
        format!("curl -s {}/api/v1/messages -H 'Content-Type: application/json' -d '{payload}'", self.url())
    }
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn url_of(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use osmia_chrysalis::Address;
    use osmia_primitives::ed25519::SecretKey;

    use super::*;
    use crate::network_file::{self, Network};

    fn prepared(new_words: Option<&str>) -> Prepared {
        let keys = [1, 2].map(|seed| SecretKey::from_seed([seed; 32]).public_key());
        let network = Network {
            parameters: network_file::parameters("private-1", "atoi", 100.0, &keys).unwrap(),
            owner: Address::Ed25519([7; 32]),
            mnemonic_file: None,
            genesis_timestamp: 0,
            gossip_peers: Vec::new(),
            api_urls: Vec::new(),
        };
        let is_new = new_words.is_some();
        Prepared { network, coordinator_keys: Vec::new(), new_words: new_words.map(str::to_owned), is_new }
    }

    fn texts(prepared: &Prepared, api: &str) -> [String; 2] {
        let banner = Banner {
            api: &[api.parse().unwrap()],
            prepared,
            folder: Path::new("/data"),
            mnemonic_file: Path::new("/data/mnemonic.txt"),
            interval: Duration::from_millis(500),
            milestone: MilestoneIndex(1),
        };
        [banner.plain(), banner.human(false)]
    }

    #[test]
    fn both_forms_say_everything_a_person_needs() {
        for text in texts(&prepared(Some("abandon ability")), "127.0.0.1:14265") {
            for part in [
                "http://127.0.0.1:14265",
                "private-1",
                "/data",
                "atoi1qqrswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswx55p8r",
                "abandon ability",
                "/data/mnemonic.txt",
                "44'/4218'/0'/0'/0'",
                "curl -s http://127.0.0.1:14265/api/v1/info",
                "0.5 s",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
    }

    #[test]
    fn a_resumed_network_does_not_show_the_words() {
        for text in texts(&prepared(None), "127.0.0.1:14265") {
            assert!(!text.contains("nemonic  ") && !text.contains("mnemonic: "), "{text}");
            assert!(text.contains("/data/mnemonic.txt (missing)"), "{text}");
        }
    }

    #[test]
    fn an_address_of_all_interfaces_is_reached_on_this_machine() {
        let prepared = prepared(None);
        assert!(texts(&prepared, "0.0.0.0:80")[0].starts_with("api: http://127.0.0.1:80\n"));
        assert!(texts(&prepared, "[::]:80")[0].starts_with("api: http://[::1]:80\n"));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(TOKEN_SUPPLY), "2 779 530 283 277 761");
        assert_eq!((grouped(0), grouped(999), grouped(1_000)), ("0".into(), "999".into(), "1 000".into()));
    }
}
