from analyzer.analyze import Analysis
from analyzer.dump import parse
from analyzer.inspection import Inspection
from analyzer.questions import FrameAt
from analyzer.report.model import Frame
from console.crashes.positions import positions
from tests.analyzer.golden import dump_of, report_of, symbols_of


def _frame(*, inlined: bool) -> Frame:
    return Frame(pc="0x0", trust="cfi", inlined=inlined)


def test_inlined_functions_count_within_the_frame_that_they_are_in() -> None:
    frames = [_frame(inlined=each) for each in (True, True, False, False, True, False)]
    found = [(at.thread, at.frame, at.inlined) for at in positions(2, frames)]
    assert found == [(2, 0, 0), (2, 0, 1), (2, 0, 2), (2, 1, 0), (2, 2, 0), (2, 2, 1)]


def test_no_frames_have_no_places() -> None:
    assert positions(0, []) == []


def test_the_places_of_a_real_report_lead_to_the_variables_that_it_shows() -> None:
    case = "cortex-m/null-deref-Os"
    inspection = Inspection(Analysis(parse(dump_of(case)), symbols_of(case)))
    asked = 0
    for number, thread in enumerate(report_of(case).threads):
        for at, frame in zip(positions(number, thread.frames), thread.frames, strict=True):
            shown = [one.name for one in frame.locals]
            if shown:
                asked += 1
                assert [node.name for node in inspection.variables(at)] == shown
    assert asked > 5
    assert FrameAt(thread=0, frame=0, inlined=1) in positions(0, report_of(case).threads[0].frames)
