"""Figures of jamtui beside floors and peers: ``python -m benchmarks`` (`make bench`); docs/speed.md says how."""
