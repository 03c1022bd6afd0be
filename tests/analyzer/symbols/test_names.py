import pytest

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.names import demangled, plain_name


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("main", "main"),
        ("_Zero", "_Zero"),
        ("_ZTVN3app6BottomE", "vtable for app::Bottom"),
        ("_ZN3app4Base5plainEi", "app::Base::plain"),
        ("_ZN3app4Base5plainEi.part.0", "app::Base::plain.part.0"),
        ("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int>>::push_back"),
        ("_ZN12_GLOBAL__N_16hiddenE", "(anonymous namespace)::hidden"),
        ("_ZN6shapes1P17h7d4cb8c843c8481bE", "shapes::P"),
        ("_ZN4core6option15Option$LT$T$GT$6unwrap17h0123456789abcdefE", "core::option::Option<T>::unwrap"),
        ("_ZZ3runiE5calls", "_ZZ3runiE5calls"),
        ("_RNvC6_123foo3bar", "123foo::bar"),
        ("_Z" + "N1a" * 5000, "_Z" + "N1a" * 5000),
    ],
)
def test_names_are_readable(symbol: str, name: str) -> None:
    assert demangled(symbol, {"_RNvC6_123foo3bar": "123foo::bar"}, Allowance(0)) == name


@pytest.mark.parametrize("suffix", [".isra.0", ".part.0.cold", ".constprop.0.isra.1", ".lto_priv.0", ".llvm.1234"])
def test_clones_have_the_name_of_their_function(suffix: str) -> None:
    assert plain_name("sensor_read" + suffix) == "sensor_read"


def test_a_name_that_would_grow_without_end_stays_as_it_is() -> None:
    # Every level of the template refers twice to the one before.
    name = "_Z1fI1aIS_S_E" + "".join(f"1bI{reference}{reference}E" for reference in ["S1_"] * 60) + "EvT_"
    assert len(demangled(name, {}, Allowance(0))) < 10_000
