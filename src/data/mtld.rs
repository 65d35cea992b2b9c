//! Reader of MTLD v1, the container of the shipped data sets: a JSON header and raw arrays in gzip.
//!
//! A file comes over the network or from a person's disk, so every promise of
//! the header is checked before anything is allocated or indexed by it, and
//! whatever the bytes are the answer is a [`MtldFile`] or one precise sentence.
//!
//! Layout, little-endian:
//!
//! | offset | bytes | content |
//! | --- | --- | --- |
//! | 0 | 4 | `MTLD` |
//! | 4 | 4 | version = 1 |
//! | 8 | 4 | H, length of the header, such that 16 + H is a multiple of 16 |
//! | 12 | 4 | P, length of the payload; the whole is 16 + H + P |
//! | 16 | H | UTF-8 JSON, padded with spaces |
//! | 16 + H | P | arrays back to back in C order, each from a multiple of 16 |
//!
//! Elements are `u8 u16 i16 f32`, `u4` (two a byte, low nibble first) or `bit`
//! (eight a byte, lowest first).

use std::collections::HashSet;
use std::io::Read;

use serde::Deserialize;

use super::error::{DataError, Fault};

/// The version of the format that this reader knows.
pub const VERSION: u32 = 1;
/// Largest compressed file, in bytes.
pub const MAX_COMPRESSED: usize = 32 << 20;
/// Largest inflated file, in bytes: a few kilobytes of gzip can promise gigabytes.
pub const MAX_INFLATED: usize = 64 << 20;
/// Largest header, in bytes.
pub const MAX_HEADER: usize = 4 << 20;
/// Most elements in all arrays together, after unpacking nibbles and bits.
pub const MAX_ELEMENTS: usize = 128 << 20;

const MAGIC: &[u8; 4] = b"MTLD";
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const PREAMBLE: usize = 16;
const ALIGN: usize = 16;
const MAX_DIMENSIONS: usize = 4;
/// Most numbers that features and tasks may read: the checks below visit each.
const MAX_READS: usize = 256 << 20;

/// A checked data file: every reference in its header holds.
#[derive(Clone, Debug, PartialEq)]
pub struct MtldFile {
    /// The name it was read under, such as `mnist-lite.mtld.gz`.
    pub file_name: String,
    pub header: Header,
    arrays: Vec<Array>,
}

impl MtldFile {
    /// The array called `name`.
    pub fn array(&self, name: &str) -> Option<&Array> {
        self.arrays.iter().find(|a| a.name == name)
    }

    pub fn arrays(&self) -> &[Array] {
        &self.arrays
    }
}

/// What the file says about itself; unknown keys are ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Header {
    pub format: String,
    pub version: u32,
    /// Short ASCII name, such as `digits8`.
    pub name: String,
    pub title: String,
    pub kind: Kind,
    /// Rows of every array.
    pub rows: usize,
    pub splits: Splits,
    pub features: Vec<Feature>,
    pub tasks: Vec<Task>,
    #[serde(default)]
    pub task_sets: Vec<TaskSet>,
    #[serde(default)]
    pub image: Option<Image>,
    pub license: License,
    pub citation: Vec<String>,
    pub source: Source,
    arrays: Vec<ArrayEntry>,
    payload_crc32: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Image,
    Tabular,
}

/// Half-open row ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Splits {
    pub train: (usize, usize),
    pub test: (usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    U4,
    Bit,
    U8,
    U16,
    I16,
    F32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    /// ln(1 + value).
    Log1p,
}

/// One input column, or all pixels of an image.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Feature {
    pub name: String,
    pub kind: FeatureKind,
    pub array: String,
    /// Column of a two-dimensional array; a one-dimensional array has none.
    #[serde(default)]
    pub column: Option<usize>,
    /// Names of the codes of a categorical column.
    #[serde(default)]
    pub levels: Vec<String>,
    #[serde(flatten)]
    pub scaling: Scaling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    Numeric,
    Categorical,
    Pixels,
}

/// From the stored number q to the standardized value:
/// v = transform(offset + scale·q), then (v − mean) / std of the training rows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Scaling {
    #[serde(default = "one")]
    pub scale: f64,
    #[serde(default)]
    pub offset: f64,
    #[serde(default)]
    pub transform: Option<Transform>,
    #[serde(default)]
    pub mean: f64,
    #[serde(default = "one")]
    pub std: f64,
}

impl Scaling {
    /// The value before standardizing, in the units of the source.
    pub fn value(&self, q: f64) -> f64 {
        let value = self.offset + self.scale * q;
        match self.transform {
            Some(Transform::Log1p) => libm::log1p(value),
            None => value,
        }
    }

    /// The value that a network sees.
    pub fn standardized(&self, q: f64) -> f64 {
        (self.value(q) - self.mean) / self.std
    }
}

/// One thing to predict.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Task {
    pub name: String,
    #[serde(default)]
    pub title: Option<String>,
    pub kind: TaskType,
    pub array: String,
    #[serde(default)]
    pub column: Option<usize>,
    /// Names of the classes of a multiclass task.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Binary tasks on a label array: the 0/1 answer of each label.
    #[serde(default)]
    pub map: Option<Vec<u8>>,
    /// Binary tasks on a numeric array: 1 where the value is at least this.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Features that contain the answer and must be dropped with this task.
    #[serde(default)]
    pub excludes: Vec<String>,
    #[serde(default)]
    pub unit: Option<String>,
    #[serde(flatten)]
    pub scaling: Scaling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskType {
    Multiclass,
    Binary,
    Regression,
}

/// A choice of tasks that belong together.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TaskSet {
    pub name: String,
    pub tasks: Vec<String>,
}

/// The array that holds the pictures and how its numbers become gray values.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Image {
    pub array: String,
    pub width: usize,
    pub height: usize,
    #[serde(default = "one_channel")]
    pub channels: usize,
    /// Pixels are 0..levels.
    pub levels: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct License {
    pub spdx: String,
    pub url: String,
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Source {
    pub package: String,
    #[serde(default)]
    pub registry: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub item: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct ArrayEntry {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    offset: usize,
    bytes: usize,
}

/// An array of the payload, unpacked.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub name: String,
    pub dtype: DType,
    /// Row-major; the first entry is the number of rows.
    pub shape: Vec<usize>,
    pub values: Values,
}

/// Elements of an array; nibbles and bits take a byte each.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    U8(Vec<u8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    F32(Vec<f32>),
}

impl Array {
    /// Elements per row.
    pub fn width(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// The element in `row` and `column` (0 for one-dimensional arrays).
    pub fn number(&self, row: usize, column: usize) -> f64 {
        let i = row * self.width() + column;
        match &self.values {
            Values::U8(v) => f64::from(v[i]),
            Values::U16(v) => f64::from(v[i]),
            Values::I16(v) => f64::from(v[i]),
            Values::F32(v) => f64::from(v[i]),
        }
    }

    /// The elements as bytes, for `u8`, `u4` and `bit` arrays.
    pub fn as_u8(&self) -> Option<&[u8]> {
        match &self.values {
            Values::U8(v) => Some(v),
            _ => None,
        }
    }

    /// The numbers of one column, from row 0 on.
    fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        (0..self.shape[0]).map(move |row| self.number(row, column))
    }
}

/// Reads a data file from its bytes, compressed or not.
///
/// A server that sends the file with `Content-Encoding: gzip` has the browser
/// inflate it on the way, so bytes that already start with `MTLD` are taken as
/// they are. `name` is used in complaints and to find the file again.
///
/// # Errors
/// [`DataError::File`] with the first [`Fault`] found; never panics, and never
/// allocates more than the limits above, whatever the bytes are.
pub fn decode(name: &str, bytes: &[u8]) -> Result<MtldFile, DataError> {
    read(name, bytes).map_err(|fault| DataError::File { file: name.to_owned(), fault })
}

fn read(name: &str, bytes: &[u8]) -> Result<MtldFile, Fault> {
    if bytes.len() > MAX_COMPRESSED && bytes.starts_with(&GZIP_MAGIC) {
        return Err(Fault::TooLarge { bytes: bytes.len() as u64, limit: MAX_COMPRESSED as u64 });
    }
    let inflated;
    let raw = if bytes.starts_with(&GZIP_MAGIC) {
        inflated = inflate(bytes)?;
        &inflated[..]
    } else {
        let promised = check_preamble(bytes)?;
        check_length(promised, bytes.len() as u64)?;
        bytes
    };
    let header_len = word(raw, 8) as usize;
    let (head, payload) = raw[PREAMBLE..].split_at(header_len);
    let text =
        std::str::from_utf8(head).map_err(|e| Fault::Header(format!("it is not UTF-8 at byte {}", e.valid_up_to())))?;
    let header: Header = serde_json::from_str(text).map_err(|e| Fault::Header(e.to_string()))?;
    check_identity(&header)?;

    let mut crc = flate2::Crc::new();
    crc.update(payload);
    if crc.sum() != header.payload_crc32 {
        return Err(Fault::Checksum { promised: header.payload_crc32, found: crc.sum() });
    }

    check_places(&header, payload.len())?;
    check_splits(&header)?;
    let arrays = header
        .arrays
        .iter()
        .map(|entry| unpack(entry, &payload[entry.offset..entry.offset + entry.bytes]))
        .collect::<Result<Vec<_>, _>>()?;
    let file = MtldFile { file_name: name.to_owned(), header, arrays };
    check_image(&file)?;
    check_reads(&file.header)?;
    check_features(&file)?;
    check_tasks(&file)?;
    Ok(file)
}

/// Inflates exactly as many bytes as the preamble promises.
///
/// The preamble is read and checked first, so that a gzip bomb is refused
/// before it is inflated.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let broken = |e: std::io::Error| Fault::Gzip(e.to_string());
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    let mut raw = Vec::new();
    decoder.by_ref().take(PREAMBLE as u64).read_to_end(&mut raw).map_err(broken)?;
    let promised = check_preamble(&raw)?;
    decoder.by_ref().take(promised - PREAMBLE as u64).read_to_end(&mut raw).map_err(broken)?;
    check_length(promised, raw.len() as u64)?;
    // Reading past the end makes the decoder compare gzip's own checksum.
    if decoder.read(&mut [0]).map_err(broken)? > 0 {
        return Err(Fault::Trailing);
    }
    if !decoder.into_inner().is_empty() {
        return Err(Fault::Trailing);
    }
    Ok(raw)
}

/// Checks magic, version and sizes; returns the length of the whole file.
fn check_preamble(raw: &[u8]) -> Result<u64, Fault> {
    if !raw.starts_with(MAGIC) {
        return Err(Fault::NotMtld);
    }
    if raw.len() < PREAMBLE {
        return Err(Fault::Length { promised: PREAMBLE as u64, found: raw.len() as u64 });
    }
    let version = word(raw, 4);
    if version != VERSION {
        return Err(Fault::Version(version));
    }
    let (header, payload) = (u64::from(word(raw, 8)), u64::from(word(raw, 12)));
    let promised = PREAMBLE as u64 + header + payload;
    if promised > MAX_INFLATED as u64 {
        return Err(Fault::TooLarge { bytes: promised, limit: MAX_INFLATED as u64 });
    }
    if header > MAX_HEADER as u64 || !(PREAMBLE as u64 + header).is_multiple_of(ALIGN as u64) {
        return Err(Fault::HeaderLength(header));
    }
    Ok(promised)
}

fn check_length(promised: u64, found: u64) -> Result<(), Fault> {
    if promised == found { Ok(()) } else { Err(Fault::Length { promised, found }) }
}

fn check_identity(header: &Header) -> Result<(), Fault> {
    let complain = |text: &str| Err(Fault::Header(text.to_owned()));
    if header.format != "MTLD" {
        return complain("its `format` is not `MTLD`");
    }
    if header.version != VERSION {
        return Err(Fault::Version(header.version));
    }
    if header.name.is_empty() || !header.name.chars().all(is_name_char) {
        return complain("its `name` is empty or not made of letters, digits, `-`, `_` and `.`");
    }
    if header.title.trim().is_empty() {
        return complain("its `title` is empty");
    }
    if header.license.spdx.trim().is_empty() || header.license.url.trim().is_empty() {
        return complain("its `license` lacks `spdx` or `url`");
    }
    if header.source.package.trim().is_empty() {
        return complain("its `source` names no package");
    }
    if header.citation.is_empty() {
        return complain("its `citation` is empty");
    }
    Ok(())
}

/// Shapes, sizes and places of the arrays, before any of them is unpacked.
fn check_places(header: &Header, payload: usize) -> Result<(), Fault> {
    let mut names = HashSet::new();
    let mut end = 0_usize;
    let mut elements = 0_usize;
    for entry in &header.arrays {
        let complain = |why: String| Err(Fault::Array { array: entry.name.clone(), why });
        if !names.insert(&entry.name) {
            return complain("the name is used twice".to_owned());
        }
        if entry.shape.is_empty() || entry.shape.len() > MAX_DIMENSIONS {
            return complain(format!("it has {} dimensions, allowed are 1 to {MAX_DIMENSIONS}", entry.shape.len()));
        }
        if entry.shape[0] != header.rows {
            return complain(format!("it has {} rows, the file says {}", entry.shape[0], header.rows));
        }
        let Some(count) = entry.shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)).filter(|&n| n <= MAX_ELEMENTS)
        else {
            return complain(format!("its shape {:?} is too large", entry.shape));
        };
        if count == 0 {
            return complain(format!("its shape {:?} is empty", entry.shape));
        }
        let bytes = packed_bytes(entry.dtype, count);
        if bytes != entry.bytes {
            return complain(format!(
                "its shape {:?} takes {bytes} bytes, the header says {}",
                entry.shape, entry.bytes
            ));
        }
        if !entry.offset.is_multiple_of(ALIGN) {
            return complain(format!("it starts at {}, no multiple of {ALIGN}", entry.offset));
        }
        if entry.offset < end {
            return complain(format!("it starts at {}, inside the array before it", entry.offset));
        }
        match entry.offset.checked_add(entry.bytes) {
            Some(e) if e <= payload => end = e,
            _ => {
                return complain(format!(
                    "it takes {} bytes from {}, beyond the payload of {payload}",
                    entry.bytes, entry.offset
                ));
            }
        }
        // Both are at most MAX_ELEMENTS here, so the sum fits even 32 bits.
        elements += count;
        if elements > MAX_ELEMENTS {
            return complain(format!("with it the file has more than {MAX_ELEMENTS} numbers"));
        }
    }
    Ok(())
}

fn check_splits(header: &Header) -> Result<(), Fault> {
    let Splits { train, test } = header.splits;
    for (name, (from, to)) in [("train", train), ("test", test)] {
        if from >= to || to > header.rows {
            return Err(Fault::Splits(format!(
                "the {name} rows {from}..{to} are empty or outside the {} rows",
                header.rows
            )));
        }
    }
    if train.0 < test.1 && test.0 < train.1 {
        return Err(Fault::Splits(format!(
            "the train rows {}..{} and the test rows {}..{} overlap",
            train.0, train.1, test.0, test.1
        )));
    }
    Ok(())
}

fn check_image(file: &MtldFile) -> Result<(), Fault> {
    let Some(image) = &file.header.image else {
        return match file.header.kind {
            Kind::Image => Err(Fault::Image("the file says it holds images but has no `image` block".to_owned())),
            Kind::Tabular => Ok(()),
        };
    };
    let complain = |why: String| Err(Fault::Image(why));
    let Some(array) = file.array(&image.array) else {
        return complain(format!("there is no array `{}`", image.array));
    };
    let with_channels = [file.header.rows, image.height, image.width, image.channels];
    let fits = array.shape == with_channels || (image.channels == 1 && array.shape == with_channels[..3]);
    if !fits {
        return complain(format!(
            "the array `{}` has shape {:?}, which is not {}×{}×{} pixels a row",
            image.array, array.shape, image.height, image.width, image.channels
        ));
    }
    let Some(pixels) = array.as_u8() else {
        return complain(format!("the array `{}` is not of bytes", image.array));
    };
    if !(2..=256).contains(&image.levels) {
        return complain(format!("{} gray levels, allowed are 2 to 256", image.levels));
    }
    if let Some(bad) = pixels.iter().find(|&&p| u32::from(p) >= image.levels) {
        return complain(format!("a pixel is {bad}, but there are only {} gray levels", image.levels));
    }
    Ok(())
}

/// Bounds the work of the checks: many columns may point at one array.
fn check_reads(header: &Header) -> Result<(), Fault> {
    let columns = header.features.len() + header.tasks.len();
    match columns.checked_mul(header.rows) {
        Some(reads) if reads <= MAX_READS => Ok(()),
        _ => Err(Fault::Header(format!("{columns} features and tasks of {} rows are too many", header.rows))),
    }
}

fn check_features(file: &MtldFile) -> Result<(), Fault> {
    if file.header.features.is_empty() {
        return Err(Fault::Header("it lists no features".to_owned()));
    }
    let mut names = HashSet::new();
    for feature in &file.header.features {
        let complain = |why: String| Err(Fault::Feature { feature: feature.name.clone(), why });
        if !names.insert(&feature.name) {
            return complain("the name is used twice".to_owned());
        }
        if feature.kind == FeatureKind::Pixels {
            match &file.header.image {
                Some(image) if image.array == feature.array => continue,
                _ => return complain("it is of pixels but not the image's array".to_owned()),
            }
        }
        let (array, column) = match find_column(file, &feature.array, feature.column) {
            Ok(found) => found,
            Err(why) => return complain(why),
        };
        let fault = match feature.kind {
            FeatureKind::Categorical => check_codes(array, column, feature.levels.len(), 1, "levels"),
            _ => check_scaling(&feature.scaling, array, column),
        };
        if let Err(why) = fault {
            return complain(why);
        }
    }
    Ok(())
}

fn check_tasks(file: &MtldFile) -> Result<(), Fault> {
    let header = &file.header;
    if header.tasks.is_empty() {
        return Err(Fault::Header("it lists no tasks".to_owned()));
    }
    let mut names = HashSet::new();
    for task in &header.tasks {
        let complain = |why: String| Err(Fault::Task { task: task.name.clone(), why });
        if task.name.is_empty() || !task.name.chars().all(is_name_char) {
            return complain("the name is empty or not made of letters, digits, `-`, `_` and `.`".to_owned());
        }
        if !names.insert(task.name.as_str()) {
            return complain("the name is used twice".to_owned());
        }
        let (array, column) = match find_column(file, &task.array, task.column) {
            Ok(found) => found,
            Err(why) => return complain(why),
        };
        let fault = match (task.kind, &task.map, task.threshold) {
            (TaskType::Multiclass, _, _) => check_codes(array, column, task.classes.len(), 2, "classes"),
            (TaskType::Binary, Some(_), Some(_)) => Err("it has both a `map` and a `threshold`".to_owned()),
            (TaskType::Binary, Some(map), None) => match map.iter().find(|&&answer| answer > 1) {
                Some(answer) => Err(format!("its `map` holds {answer}, allowed are 0 and 1")),
                None => check_codes(array, column, map.len(), 1, "entries in its `map`"),
            },
            (TaskType::Binary, None, Some(threshold)) if !threshold.is_finite() => {
                Err("its `threshold` is not finite".to_owned())
            }
            (TaskType::Binary, None, Some(_)) => check_scaling(&task.scaling, array, column),
            (TaskType::Binary, None, None) => check_codes(array, column, 2, 2, "answers to a yes/no question"),
            (TaskType::Regression, _, _) => check_scaling(&task.scaling, array, column),
        };
        if let Err(why) = fault {
            return complain(why);
        }
        for name in &task.excludes {
            if !header.features.iter().any(|f| &f.name == name) {
                return complain(format!("it excludes `{name}`, which is no feature"));
            }
        }
    }
    for set in &header.task_sets {
        for name in &set.tasks {
            if !names.contains(name.as_str()) {
                return Err(Fault::Task {
                    task: name.clone(),
                    why: format!("the task set `{}` lists it, but it does not exist", set.name),
                });
            }
        }
    }
    Ok(())
}

/// The array and column that a feature or a task points at.
fn find_column<'a>(file: &'a MtldFile, name: &str, column: Option<usize>) -> Result<(&'a Array, usize), String> {
    let array = file.array(name).ok_or_else(|| format!("there is no array `{name}`"))?;
    match (array.shape.len(), column) {
        (1, None) => Ok((array, 0)),
        (2, Some(c)) if c < array.shape[1] => Ok((array, c)),
        (2, Some(c)) => Err(format!("it reads column {c} of `{name}`, which has {} columns", array.shape[1])),
        (_, Some(_)) => Err(format!("it reads a column of `{name}`, which is not two-dimensional")),
        (_, None) => Err(format!("it does not say which column of `{name}` it reads")),
    }
}

fn check_codes(array: &Array, column: usize, count: usize, at_least: usize, what: &str) -> Result<(), String> {
    if count < at_least {
        return Err(format!("it has {count} {what}, needed are {at_least}"));
    }
    if array.dtype == DType::F32 {
        return Err(format!("its codes are in `{}`, which does not hold whole numbers", array.name));
    }
    match array.column(column).find(|&code| code < 0.0 || code >= count as f64) {
        Some(code) => Err(format!("a row has the code {code}, but it has {count} {what}")),
        None => Ok(()),
    }
}

fn check_scaling(scaling: &Scaling, array: &Array, column: usize) -> Result<(), String> {
    let named = [("scale", scaling.scale), ("offset", scaling.offset), ("mean", scaling.mean), ("std", scaling.std)];
    if let Some((name, value)) = named.iter().find(|(_, value)| !value.is_finite()) {
        return Err(format!("its `{name}` is {value}"));
    }
    if scaling.std <= 0.0 {
        return Err(format!("its `std` is {}, not above 0", scaling.std));
    }
    // f32 is what the networks compute in: a value that overflows there is no value.
    match array.column(column).find(|&q| !(scaling.standardized(q) as f32).is_finite()) {
        Some(q) => Err(format!("the stored number {q} does not scale to a finite value")),
        None => Ok(()),
    }
}

fn packed_bytes(dtype: DType, count: usize) -> usize {
    match dtype {
        DType::Bit => count.div_ceil(8),
        DType::U4 => count.div_ceil(2),
        DType::U8 => count,
        DType::U16 | DType::I16 => 2 * count,
        DType::F32 => 4 * count,
    }
}

fn unpack(entry: &ArrayEntry, bytes: &[u8]) -> Result<Array, Fault> {
    // The product was checked against overflow and against the bytes.
    let count: usize = entry.shape.iter().product();
    let values = match entry.dtype {
        DType::U8 => Values::U8(bytes.to_vec()),
        DType::U4 => Values::U8((0..count).map(|i| (bytes[i / 2] >> (4 * (i % 2))) & 15).collect()),
        DType::Bit => Values::U8((0..count).map(|i| (bytes[i / 8] >> (i % 8)) & 1).collect()),
        DType::U16 => Values::U16(pairs(bytes).map(u16::from_le_bytes).collect()),
        DType::I16 => Values::I16(pairs(bytes).map(i16::from_le_bytes).collect()),
        DType::F32 => {
            Values::F32(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        }
    };
    if let Values::F32(numbers) = &values
        && let Some(row) = numbers.iter().position(|x| !x.is_finite())
    {
        return Err(Fault::Array { array: entry.name.clone(), why: format!("number {row} is not finite") });
    }
    Ok(Array { name: entry.name.clone(), dtype: entry.dtype, shape: entry.shape.clone(), values })
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = [u8; 2]> {
    bytes.chunks_exact(2).map(|b| [b[0], b[1]])
}

fn word(raw: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]])
}

/// Names become parts of links, so they keep to the link's alphabet.
fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn one() -> f64 {
    1.0
}

fn one_channel() -> usize {
    1
}
