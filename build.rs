//! Turns the methods' rules, LaTeX in `src/balance/formula/`, into MathML for the page and the guide, and has the page
//! linked so that it can be divided.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // `xtask/src/parts.rs` has to know what refers to what.
        println!("cargo::rustc-link-arg-bin=app=--emit-relocs");
    }
    formulas()
}

#[cfg(feature = "formulas")]
fn formulas() -> Result<(), Box<dyn Error>> {
    use std::fmt::Write;
    use std::path::Path;

    const FOLDER: &str = "src/balance/formula";
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut files: Vec<_> = std::fs::read_dir(FOLDER)?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut table = String::from("[\n");
    for file in files {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "tex") {
            return Err(format!("{}: only formulas, `<id>.tex`, belong here", path.display()).into());
        }
        let id = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a formula's name is not UTF-8")?;
        let latex = std::fs::read_to_string(&path)?;
        let latex = latex.trim();
        // Equations beside each other are elements of their own, so that a narrow card can break between them.
        let parts: Result<Vec<String>, _> = latex.split("\\quad").map(|part| mathml(part.trim())).collect();
        let mathml = parts.map_err(|error| format!("{}: {error}", path.display()))?.join(" ");
        writeln!(table, "Formula {{ id: {id:?}, latex: {latex:?}, mathml: {mathml:?} }},")?;
    }
    table.push(']');
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    std::fs::write(Path::new(&out).join("formulas.rs"), table)?;
    Ok(())
}

/// MathML of one rule; an error names what the parser did not understand.
#[cfg(feature = "formulas")]
fn mathml(latex: &str) -> Result<String, Box<dyn Error>> {
    use pulldown_latex::config::{DisplayMode, RenderConfig};
    use pulldown_latex::{Parser, Storage, push_mathml};

    let storage = Storage::new();
    if let Some(Err(error)) = Parser::new(latex, &storage).find(Result::is_err) {
        return Err(error.to_string().into());
    }
    let storage = Storage::new();
    let config = RenderConfig { display_mode: DisplayMode::Inline, ..RenderConfig::default() };
    let mut out = String::new();
    push_mathml(&mut out, Parser::new(latex, &storage), config)?;
    Ok(out)
}

#[cfg(not(feature = "formulas"))]
fn formulas() -> Result<(), Box<dyn Error>> {
    Ok(())
}
