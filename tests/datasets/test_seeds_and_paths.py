"""What is no seed or no path gets a sentence, whatever it is, before any file is read."""

import numpy as np
import pytest

from datasets import DataError, Photos, Texts

CHECKS = [Photos.check, Texts.check, Texts.stream]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("seed", [-1, 2**32, 10**40, 0.5, float("nan"), True, "1", None, [1], np.ones(2)])
def test_what_is_no_seed_is_refused(check, seed):
    with pytest.raises(DataError, match="seed= must be a whole number from 0 to 4,294,967,295, not "):
        check("missing", seed=seed)


@pytest.mark.parametrize("check", CHECKS)
def test_a_seed_may_be_of_any_kind_of_whole_number(check):
    with pytest.raises(DataError, match="missing does not exist"):
        check("missing", seed=np.int64(2**32 - 1))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("data", [None, 5, "", b"", {"a": 1}, object()])
def test_what_is_no_path_is_refused(check, data):
    with pytest.raises(DataError, match=r"^data=.* is no path; name a "):
        check(data)
