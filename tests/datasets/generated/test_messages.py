"""Generated messages: the faults that were planted are there, and no more of them."""

from collections import Counter

import pytest

from datasets import DataError, Texts
from datasets.generated import messages


def test_faults_are_planted_as_many_as_it_says():
    made = messages.generate(1000, seed=4)
    assert len(made) == 1000 and made == messages.generate(1000, seed=4) != messages.generate(1000, seed=5)
    assert sum(each.label not in ("", each.truth) for each in made) == 40
    assert sum(not each.label for each in made) == 5
    assert sum(each.text.isupper() for each in made) == 20
    counts = Counter(each.truth for each in made)
    assert set(counts) == set(messages.CLASS_NAMES) and max(counts.values()) - min(counts.values()) < 25


def test_the_check_finds_them(tmp_path):
    source, made = messages.save_messages(tmp_path / "messages.csv", 400)
    texts = Texts.check(source)
    assert len(texts) == 398 and len(texts.quarantine) == 2
    copied = {row for found in texts.findings if found.what == "copies" for row in found.files}
    for n, message in enumerate(made):
        if message.text.isupper():
            assert f"messages.csv, line {n + 2}" in copied
    truth = {message.text: message.truth for message in made}
    assert set(texts.texts) <= set(truth)


def test_too_few_or_an_impossible_file_are_refused(tmp_path):
    with pytest.raises(DataError, match="count= of 40 or more, not 39"):
        messages.generate(39)
    with pytest.raises(DataError, match="cannot be written"):
        messages.save_messages(tmp_path / "missing" / "messages.csv")
