"""What the kernel and its neighbours tell in small files: /proc, /sys, lock files."""

from pathlib import Path


def told(path: Path) -> str:
    """Without blanks around it; empty if nobody tells, or not to us."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
