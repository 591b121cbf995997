"""Runs the functions named `case_*` of a module, prints a line for each, and says by the exit code whether all passed."""

import sys
import traceback


def run(title, names):
    cases = {name: case for name, case in names.items() if name.startswith("case_")}
    failed = 0
    for name, case in cases.items():
        try:
            case()
            print(f"ok    {title} {name[5:]}")
        except Exception:
            failed += 1
            print(f"FAIL  {title} {name[5:]}\n{traceback.format_exc()}")
    print(f"{title}: {len(cases) - failed} of {len(cases)} cases pass")
    sys.exit(failed > 0)


def raises(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind, type(error)
        return error
    raise AssertionError(f"{kind.__name__} was not raised")
