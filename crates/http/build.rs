//! Packs the API document, which the server hands out as it stands in the repository.

#[path = "../../build/packing.rs"]
mod packing;

fn main() -> std::io::Result<()> {
    packing::pack("../../docs/openapi.json", "openapi.json.gz")
}
