"""What merged tags are now, whatever the records of an archive say."""

from __future__ import annotations

from jamtui.store.tag_records import TagRecord, merged

LONG = 3_000


class Counted(dict[str, TagRecord]):
    """Records that count how often one is asked for."""

    asked = 0

    def get(self, key: str, default: object = None) -> TagRecord | None:  # type: ignore[override]
        self.asked += 1
        return super().get(key)


def records(**now: str) -> Counted:
    return Counted({name: TagRecord(name, merged_into=into) for name, into in now.items()})


def test_each_merged_tag_is_where_it_ends() -> None:
    said = records(a="b", b="c", z="b", alone="")
    assert merged(said) == {"a": "c", "b": "c", "z": "c"}


def test_a_ring_and_what_leads_into_one_lead_nowhere() -> None:
    said = records(self="self", a="b", b="a", x="a", fine="tea")
    assert merged(said) == {"fine": "tea"}


def test_a_long_chain_is_walked_over_once() -> None:
    """It is asked for while one types: one of 20,000 tags, which a file may bring, would take half a minute."""
    for order in (range(LONG), reversed(range(LONG))):
        said = Counted({f"t{n}": TagRecord(f"t{n}", merged_into=f"t{n + 1}") for n in order})
        assert merged(said) == {f"t{n}": f"t{LONG}" for n in range(LONG)}
        assert said.asked <= 2 * LONG
