//! Packs the price catalogue.

#[path = "../../build/packing.rs"]
mod packing;

fn main() -> std::io::Result<()> {
    packing::pack("src/catalogue/catalogue.json", "catalogue.json.gz")
}
