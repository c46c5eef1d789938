"""A sample that anybody can draw again from seed, period and the numbers there were."""

import hashlib
import random

from portal.audit.sampling import Drawn, draw


def test_it_is_the_first_by_the_hash_of_seed_and_number() -> None:
    sample = draw(range(1, 101), seed="a1b2", size=5)
    by_hand = sorted((hashlib.sha256(f"a1b2:{number}".encode()).hexdigest(), number) for number in range(1, 101))
    assert sample.drawn == [Drawn(digest, number) for digest, number in by_hand[:5]]
    assert sample.candidates == 100


def test_the_order_in_which_they_come_changes_nothing() -> None:
    numbers = list(range(1, 101))
    expected = draw(numbers, seed="a1b2", size=10)
    random.Random(3).shuffle(numbers)  # noqa: S311  # no secret
    assert draw(numbers, seed="a1b2", size=10) == expected


def test_another_seed_draws_others() -> None:
    assert draw(range(1000), seed="a", size=10) != draw(range(1000), seed="b", size=10)


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    assert draw(range(1000), seed="a", size=50).drawn[:10] == draw(range(1000), seed="a", size=10).drawn


def test_it_takes_all_where_there_are_no_more() -> None:
    assert [drawn.number for drawn in draw([7], seed="a", size=10).drawn] == [7]
    assert draw([], seed="a", size=10).candidates == 0


def test_every_number_has_the_same_chance() -> None:
    counts = [0] * 20
    for seed in range(400):
        for drawn in draw(range(20), seed=str(seed), size=5).drawn:
            counts[drawn.number] += 1
    assert min(counts) > 60  # 100 expected; a number that is favoured or left out lies far outside
    assert max(counts) < 140
