from console.web import formats

NOW = 1_772_352_930_250


def test_times() -> None:
    assert formats.absolute(NOW) == "2026-03-01 08:15:30 UTC"
    for ago, said in ((0, "now"), (3_000, "3 s ago"), (200_000, "3 min ago"), (7_200_000, "2 h ago")):
        assert formats.relative(NOW - ago, NOW) == said
    assert formats.relative(NOW - 40 * 86_400_000, NOW) == "40 d ago"
    assert formats.relative(NOW - 731 * 86_400_000, NOW) == "2.0 y ago"
    assert formats.relative(NOW + 3_600_000, NOW).startswith("2026-03-01 09")
    assert 'datetime="2026-03-01T08:15:30.250Z"' in formats.when(NOW)
    assert formats.when(None) == formats.NOTHING
    assert formats.absolute(10**30).startswith("9999")


def test_numbers() -> None:
    assert formats.size(512) == "512 B"
    assert formats.size(8_809) == "8.6 KiB"
    assert formats.size(512 << 20) == "512 MiB"
    assert formats.address(0x12DC) == "0x000012dc"
    assert formats.address(1 << 40) == "0x0000010000000000"
    assert formats.count(1_234_567) == "1\u202f234\u202f567"
    assert formats.plural(1, "crash", "crashes") == "1 crash"
    assert formats.plural(2, "device") == "2 devices"
    assert formats.duration(7_400_000) == "2 h 3 min"
    assert formats.duration(1_500) == "1.5 s"
    assert formats.short("a" * 40) == "a" * 12
