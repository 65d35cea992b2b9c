//! What can go wrong with data, each as a sentence that names the cause and the way out.

use std::fmt;

/// Why a data set could not be made.
#[derive(Clone, Debug, PartialEq)]
pub enum DataError {
    /// A data file is not what it should be.
    File { file: String, fault: Fault },
    /// A data set was asked for without one of its files.
    MissingFile { dataset: String, file: String },
    /// A file is sound but holds something else than this data set needs.
    WrongFile { dataset: String, file: String, needs: String },
    /// No task was chosen.
    NoTasks { dataset: String },
    /// A chosen task does not exist.
    UnknownTask { dataset: String, task: usize, count: usize },
    /// A task was chosen twice.
    RepeatedTask { dataset: String, task: usize },
    /// The wrong number of knob values.
    KnobCount { dataset: String, expected: usize, found: usize },
    /// A knob value that is not allowed.
    Knob {
        dataset: String,
        knob: String,
        value: f64,
        /// Such as `between 2 and 10`.
        allowed: String,
    },
    /// A share of wrong labels that is not allowed.
    LabelNoise { share: f64 },
    /// A row limit that leaves nothing to train on.
    NoRows { dataset: String },
}

/// What is wrong with a data file.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The bytes cannot be inflated; the text is the decompressor's.
    Gzip(String),
    /// Bytes follow the end of the file.
    Trailing,
    /// The magic is missing.
    NotMtld,
    /// Written in another version of the format.
    Version(u32),
    /// Larger than this page is willing to hold.
    TooLarge {
        bytes: u64,
        limit: u64,
    },
    /// The header's length is impossible.
    HeaderLength(u64),
    /// The file is not as long as it promises.
    Length {
        promised: u64,
        found: u64,
    },
    /// The payload's CRC-32 does not match.
    Checksum {
        promised: u32,
        found: u32,
    },
    /// The header as a whole is wrong.
    Header(String),
    Array {
        array: String,
        why: String,
    },
    Splits(String),
    Image(String),
    Feature {
        feature: String,
        why: String,
    },
    Task {
        task: String,
        why: String,
    },
}

impl std::error::Error for DataError {}
impl std::error::Error for Fault {}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, fault } => {
                write!(f, "The data file `{file}` {fault}. {}", fault.way_out())
            }
            Self::MissingFile { dataset, file } => write!(
                f,
                "The data set `{dataset}` needs the file `{file}`, which was not loaded. \
                 Load it and try again."
            ),
            Self::WrongFile { dataset, file, needs } => write!(
                f,
                "The file `{file}` does not fit the data set `{dataset}`, which needs {needs}. \
                 Use the file that ships with the page."
            ),
            Self::NoTasks { dataset } => {
                write!(f, "No task of the data set `{dataset}` is chosen. Choose at least one.")
            }
            Self::UnknownTask { dataset, task, count } => write!(
                f,
                "The data set `{dataset}` has no task number {task}. Choose from 0 to {}.",
                count.saturating_sub(1)
            ),
            Self::RepeatedTask { dataset, task } => write!(
                f,
                "Task number {task} of the data set `{dataset}` is chosen twice. \
                 Name each task once."
            ),
            Self::KnobCount { dataset, expected, found } => write!(
                f,
                "The data set `{dataset}` has {expected} settings, but {found} values were given. \
                 Give one value for each, or none for the defaults."
            ),
            Self::Knob { dataset, knob, value, allowed } => write!(
                f,
                "The setting `{knob}` of the data set `{dataset}` is {value}. \
                 Set it {allowed}."
            ),
            Self::LabelNoise { share } => {
                let (low, high) = (super::LABEL_NOISE.start(), super::LABEL_NOISE.end());
                write!(f, "The share of wrong training labels is {share}. Set it to a number from {low} to {high}.")
            }
            Self::NoRows { dataset } => write!(
                f,
                "The row limit leaves the data set `{dataset}` nothing to train on. \
                 Allow at least one row."
            ),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gzip(why) => write!(f, "cannot be decompressed ({why})"),
            Self::Trailing => write!(f, "goes on after its end"),
            Self::NotMtld => write!(f, "is not a data set in the MTLD format"),
            Self::Version(v) => {
                write!(f, "is in version {v} of the format, and this program reads version {}", super::mtld::VERSION)
            }
            Self::TooLarge { bytes, limit } => {
                write!(f, "has {bytes} bytes, more than the {limit} allowed")
            }
            Self::HeaderLength(bytes) => {
                write!(f, "promises a header of {bytes} bytes, which cannot be")
            }
            Self::Length { promised, found } => {
                write!(f, "should have {promised} bytes but has {found}")
            }
            Self::Checksum { promised, found } => {
                write!(f, "has the checksum {found:08x} instead of {promised:08x}, so some bytes changed")
            }
            Self::Header(why) => write!(f, "has a broken header: {why}"),
            Self::Array { array, why } => write!(f, "has a broken array `{array}`: {why}"),
            Self::Splits(why) => write!(f, "has broken splits: {why}"),
            Self::Image(why) => write!(f, "has broken images: {why}"),
            Self::Feature { feature, why } => {
                write!(f, "has a broken feature `{feature}`: {why}")
            }
            Self::Task { task, why } => write!(f, "has a broken task `{task}`: {why}"),
        }
    }
}

impl Fault {
    /// What a person can do about it.
    fn way_out(&self) -> &'static str {
        match self {
            Self::Gzip(_) | Self::Trailing | Self::HeaderLength(_) | Self::Length { .. } | Self::Checksum { .. } => {
                "It was probably damaged on the way: load it again, \
                 or use the file that ships with the page."
            }
            Self::NotMtld => "Choose a file that ends in .mtld.gz.",
            Self::Version(v) if *v > super::mtld::VERSION => {
                "Reload the page to get a newer program, or use the file that ships with it."
            }
            Self::TooLarge { .. } => "Use a file with fewer rows.",
            _ => "It was written wrongly: convert it again, or use the file that ships with the page.",
        }
    }
}
