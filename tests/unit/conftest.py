"""What several of the tests of single parts stand on."""

from demo_mirror import mirrored

__all__ = ["mirrored"]
