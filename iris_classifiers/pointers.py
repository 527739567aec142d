"""DVC pointer files (`<file>.dvc`): the md5 and size of a file that the repository also holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from iris_classifiers.utils import write_if_changed


def renew_pointer(path: Path) -> bool:
    """Make the pointer beside `path` describe it, and say whether the pointer had to change.

    The bytes are those that DVC 3 writes for `dvc add <path>` (of a plain name that YAML needs no quotes for), so DVC
    itself is not needed to train. DVC's cache is not filled: `dvc add` does that for who wants to push to a remote.
    """
    content = path.read_bytes()
    # An identity for DVC, not a safeguard; the flag lets it run where policy forbids md5 for security.
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    pointer = (
        "outs:\n"
        f"- md5: {md5}\n"
        f"  size: {len(content)}\n"
        "  hash: md5\n"
        f"  path: {path.name}\n"
    )
    return write_if_changed(path.with_name(path.name + ".dvc"), pointer.encode("utf-8"))
