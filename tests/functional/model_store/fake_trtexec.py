"""NVIDIA's trtexec as far as its command line goes: banner, options by version, errors, exit status.

Source: samples/common/sampleOptions.cpp and samples/trtexec/trtexec.cpp of TensorRT 8.6.1, 10.3.0 and 11.1.
Called as ``fake_trtexec.py VERSION BEHAVIOUR OPTIONS…``; the engine it writes holds its own command line.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

EVERYWHERE = {
    "--onnx", "--saveEngine", "--timingCacheFile", "--memPoolSize", "--skipInference", "--minShapes",
    "--optShapes", "--maxShapes", "--verbose", "--help", "--builderOptimizationLevel", "--profilingVerbosity",
}  # fmt: skip
WEAKLY_TYPED = {"--fp16", "--int8", "--best", "--calib"}
BY_MAJOR = {
    8: EVERYWHERE | WEAKLY_TYPED | {"--workspace", "--buildOnly"},
    10: EVERYWHERE | WEAKLY_TYPED | {"--stronglyTyped", "--getPlanVersionOnly"},
    11: EVERYWHERE | {"--stronglyTyped", "--getPlanVersionOnly"},
}


def main() -> int:
    version, behaviour, *words = sys.argv[1:]
    major, minor, patch = map(int, version.split("."))
    number = major * 1000 + minor * 100 + patch if major < 10 else major * 10000 + minor * 100 + patch
    test = f"TensorRT.trtexec [TensorRT v{number}] [b1] # trtexec {' '.join(words)}"
    say(f"&&&& RUNNING {test}")
    if "--help" in words:
        say("=== Model Options ===")
        return 0
    problem = objection(major, words) or behave(behaviour, words)
    if problem is not None:
        say(f"[11/21/2026-05:00:00] [E] {problem}")
        say(f"&&&& FAILED {test}")
        return 1
    options = options_of(words)
    Path(options["--timingCacheFile"]).write_text("timings")
    Path(options["--saveEngine"]).write_text("\n".join(words))
    say(f"&&&& PASSED {test}")
    return 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def options_of(words: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def objection(major: int, words: list[str]) -> str | None:
    options = options_of(words)
    unknown = [name for name in options if name not in BY_MAJOR[major]]
    if unknown:
        return f"Unknown option: {unknown[0]} {options[unknown[0]]}"
    pool, _, size = options.get("--memPoolSize", "workspace:1").partition(":")
    if pool != "workspace" or not re.fullmatch(r"\d+" if major < 10 else r"\d+[BKMG]?", size):
        return f"Unknown memory pool: {pool}:{size}"
    model = Path(options.get("--onnx", "")).read_bytes()
    if b"images" not in model:
        return "Failed to parse onnx file"
    # An open side is written without a value.
    has_open_side = b"\x0a\x00" in model
    if "--minShapes" in options and not has_open_side:
        return (
            "Static model does not take explicit shapes since the shape of inference tensors will be "
            "determined by the model itself"
        )
    if b"BAD_LAYER" in model:
        return "Error Code 10: Internal Error (Could not find any implementation for node BAD_LAYER.)"
    return None


def behave(behaviour: str, words: list[str]) -> str | None:
    if behaviour == "hangs":
        Path(options_of(words)["--saveEngine"] + ".pid").write_text(str(os.getpid()))
        time.sleep(600)
    if behaviour == "is-killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "no-fp16" and "--fp16" in words:
        return "Error Code 9: fp16 is not for this network"
    return "out of memory" if behaviour == "fails" else None


if __name__ == "__main__":
    sys.exit(main())
