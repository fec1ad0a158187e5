import subprocess
import sys

import lightgbm
import pytest

from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.training import TrainedModel

_BROKEN = """
import ctypes

def load(self, name):
    raise OSError({message!r})

ctypes.LibraryLoader.LoadLibrary = load
from zl_assets.errors import ZlError
from zl_assets.model.fit.boosting import read_booster
try:
    read_booster("")
except ZlError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "message",
    [
        "libgomp.so.1: cannot open shared object file: No such file or directory",
        "dlopen(lib_lightgbm.dylib, 0x0006): Library not loaded: @rpath/libomp.dylib",
    ],
)
def test_a_missing_openmp_runtime_says_what_to_install(message: str) -> None:
    run = subprocess.run([sys.executable, "-c", _BROKEN.format(message=message)], capture_output=True, text=True, check=True)
    assert "apt-get install libgomp1" in run.stdout
    assert "brew install libomp" in run.stdout
    assert message in run.stdout


def test_another_loader_error_is_not_mistaken_for_it() -> None:
    code = _BROKEN.format(message="lib_lightgbm.so: invalid ELF header")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "OSError: lib_lightgbm.so: invalid ELF header" in run.stderr


def test_importing_the_model_package_imports_neither_lightgbm_nor_scikit_learn() -> None:
    code = (
        "import sys, zl_assets.model.fit.artifact, zl_assets.model.fit.gates, zl_assets.model.fit.training\n"
        "assert not {'lightgbm', 'sklearn', 'scipy'} & set(sys.modules), 'a heavy library was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_booster_never_takes_columns_by_position(walk_model: TrainedModel) -> None:
    features = walk_model.data.features
    swapped = features[[*features.columns[:2][::-1], *features.columns[2:]]]
    with pytest.raises(lightgbm.basic.LightGBMError, match="Expected 'return_1d' at position 0"):
        forecast(walk_model.booster, swapped)
