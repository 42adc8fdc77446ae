"""What the sources of this tree include, and the rooms that they lie in."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINGS = ("abi", "guest", "host", "monitor", "conform", "cli", "bench", "tests", "fuzz")
SOURCES = {".c", ".cpp", ".h", ".hpp", ".S"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)


def sources() -> list[Path]:
    """Every source and header, relative to the tree."""
    return sorted(path.relative_to(ROOT) for wing in (*WINGS, "examples") for path in (ROOT / wing).rglob("*")
                  if path.suffix in SOURCES and path.is_file())


def headers(files: list[Path]) -> list[Path]:
    return [file for file in files if file.suffix in (".h", ".hpp")]


class Includes:
    """Finds the file of this tree that an include names."""

    def __init__(self, files: list[Path]) -> None:
        self.files = set(files)
        self.by_name: dict[str, list[Path]] = {}
        for header in headers(files):
            self.by_name.setdefault(header.name, []).append(header)

    def of(self, file: Path) -> list[tuple[str, Path]]:
        """The includes of `file` that name a file of this tree: as they are written, and which file that is."""
        text = (ROOT / file).read_text()
        found = ((name, self.resolve(file, name)) for name in INCLUDE.findall(text))
        return [(name, header) for name, header in found if header is not None]

    def resolve(self, file: Path, name: str) -> Path | None:
        # As the compiler does: beside the file, then in the folders around it, then anywhere by the whole name.
        for folder in file.parents:
            near = Path(*self._plain((folder / name).parts))
            if near in self.files:
                return near
        same = [header for header in self.by_name.get(Path(name).name, []) if f"/{header}".endswith(f"/{name}")]
        public = [header for header in same if "include" in header.parts]
        return (public or same or [None])[0]

    @staticmethod
    def _plain(parts: tuple[str, ...]) -> list[str]:
        out: list[str] = []
        for part in parts:
            if part == ".." and out:
                out.pop()
            else:
                out.append(part)
        return out


def rooms() -> list[str]:
    """The folders of the rooms in the order of their dependencies, as CMakeLists.txt adds them."""
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.findall(r"^\s*add_subdirectory\((\S+)\)", text, re.MULTILINE)


def room_of(file: Path, folders: list[str]) -> str | None:
    return next((folder for folder in folders if Path(folder) in file.parents), None)
