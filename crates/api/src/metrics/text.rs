//! The text format of Prometheus, version 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

use crate::mine::{CLASSES, DurationTotals};

/// Metrics as they are written. Each name is written once, with its help and its type, before its samples.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

/// Whether a metric may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only rises while the process lives; its name ends with `_total`.
    Counter,
    /// It may fall.
    Gauge,
    /// How many fell into each class, and their sum.
    Histogram,
}

/// A sample of a metric with labels: their names and values, and the value.
pub(crate) type Sample<'a> = (Vec<(&'static str, &'a str)>, u64);

impl Text {
    /// A number that only rises.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, Kind::Counter);
        self.line(name, &[], value);
    }

    /// A number that may fall.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl Into<u64>) {
        self.head(name, help, Kind::Gauge);
        self.line(name, &[], value.into());
    }

    /// A number with a fraction.
    pub(crate) fn fraction(&mut self, name: &str, help: &str, kind: Kind, value: f64) {
        self.head(name, help, kind);
        self.line(name, &[], value);
    }

    /// A metric with labels; nothing at all when there is no sample.
    pub(crate) fn family<'a>(
        &mut self,
        name: &str,
        help: &str,
        kind: Kind,
        samples: impl IntoIterator<Item = Sample<'a>>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_some() {
            self.head(name, help, kind);
        }
        for (labels, value) in samples {
            self.line(name, &labels, value);
        }
    }

    /// How long things took.
    pub(crate) fn durations(&mut self, name: &str, help: &str, totals: &DurationTotals) {
        self.head(name, help, Kind::Histogram);
        let bucket = format!("{name}_bucket");
        for ((_, end), within) in CLASSES.iter().zip(totals.within) {
            self.line(&bucket, &[("le", end)], within);
        }
        self.line(&bucket, &[("le", "+Inf")], totals.count);
        self.line(&format!("{name}_sum"), &[], totals.sum_s);
        self.line(&format!("{name}_count"), &[], totals.count);
    }

    /// Everything that was written.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, help: &str, kind: Kind) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.write(format_args!("{name}"));
        for (position, (label, text)) in labels.iter().enumerate() {
            let before = if position == 0 { '{' } else { ',' };
            self.write(format_args!("{before}{label}=\"{}\"", escaped(text)));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.write(format_args!("{after} {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("because writing to a String cannot fail");
    }
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_metric_is_written_as_the_format_says() {
        let mut text = Text::default();
        text.counter("a_total", "Things done.", 7);
        text.gauge("b", "Things there.", 8_u32);
        text.fraction("c_seconds_total", "Time.", Kind::Counter, 1.5);
        text.family(
            "d",
            "By name.",
            Kind::Gauge,
            [(vec![("name", "a\"\\\nb"), ("x", "y")], 1), (vec![("name", "c")], 2)],
        );
        text.family("e", "None.", Kind::Gauge, []);
        let totals = DurationTotals { within: [0, 1, 1, 2, 2, 2], count: 3, sum_s: 70.5 };
        text.durations("f_seconds", "Time.", &totals);
        let expected = "# HELP a_total Things done.\n# TYPE a_total counter\na_total 7\n\
                        # HELP b Things there.\n# TYPE b gauge\nb 8\n\
                        # HELP c_seconds_total Time.\n# TYPE c_seconds_total counter\nc_seconds_total 1.5\n\
                        # HELP d By name.\n# TYPE d gauge\nd{name=\"a\\\"\\\\\\nb\",x=\"y\"} 1\nd{name=\"c\"} 2\n\
                        # HELP f_seconds Time.\n# TYPE f_seconds histogram\n\
                        f_seconds_bucket{le=\"0.01\"} 0\nf_seconds_bucket{le=\"0.1\"} 1\n\
                        f_seconds_bucket{le=\"1\"} 1\nf_seconds_bucket{le=\"5\"} 2\n\
                        f_seconds_bucket{le=\"15\"} 2\nf_seconds_bucket{le=\"60\"} 2\n\
                        f_seconds_bucket{le=\"+Inf\"} 3\nf_seconds_sum 70.5\nf_seconds_count 3\n";
        assert_eq!(text.finish(), expected);
    }
}
