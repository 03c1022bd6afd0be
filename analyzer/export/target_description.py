"""Target descriptions: what gdb must be told about a processor where the ELF header does not say it.

Form: gdb documentation, appendix "Target Descriptions"; features: section "Standard Target Features".
"""

_HEAD = '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">'


def _cortex_m() -> str:
    """Without it, gdb knows neither xPSR nor EXC_RETURN."""
    plain = "".join(f'<reg name="r{number}" bitsize="32" regnum="{number}"/>' for number in range(13))
    return (
        f'{_HEAD}<architecture>arm</architecture><feature name="org.gnu.gdb.arm.m-profile">{plain}'
        '<reg name="sp" bitsize="32" type="data_ptr" regnum="13"/><reg name="lr" bitsize="32" regnum="14"/>'
        '<reg name="pc" bitsize="32" type="code_ptr" regnum="15"/>'
        '<reg name="xpsr" bitsize="32" regnum="25"/></feature></target>'
    )


TARGET_DESCRIPTIONS = {(40, 4): _cortex_m()}
"""By ELF e_machine and bytes of a pointer."""
