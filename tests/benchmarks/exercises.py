"""The ten heaviest programs of a public collection of exercises, each beside a Python twin written for it.

    python tests/benchmarks/exercises.py FOLDER [--runs 7] [--json]

FOLDER is a clone of github.com/xanojustin/xs-generator: a folder an exercise, each with one function. The ten are those
whose own `run.job` takes the most steps and time of all that end without an error; most of them divide by 2 or 10
until nothing is left, which in decimals takes a thousand passes. They run on inputs that are made here. The twins do
the same, step by step, as one would write it in Python; the answers must agree.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from timing import compare

import xsrun

KNIGHT = [(-2, -1), (-2, 1), (-1, -2), (-1, 2), (1, -2), (1, 2), (2, -1), (2, 1)]


def knight_tour(n: int, start_row: int, start_col: int) -> dict[str, Any]:
    moves = [{"row": row, "col": col} for row, col in KNIGHT]
    board = [[0] * n for _ in range(n)]
    board[start_row][start_col] = 1
    squares = n * n
    solution = None
    found = False
    stack: list[dict[str, Any]] = [{"row": start_row, "col": start_col, "number": 1, "board": board, "next": 0}]
    passes = 0
    while len(stack) > 0 and not found and passes < 1_000_000:
        passes += 1
        state = stack[-1]
        row, col, number, board = state["row"], state["col"], state["number"], state["board"]
        if number == squares:
            solution = board
            found = True
        if not found:
            index = state["next"]
            while index < 8 and not found:
                move = moves[index]
                new_row = row + move["row"]
                new_col = col + move["col"]
                if new_row >= 0 and new_row < n and new_col >= 0 and new_col < n:
                    line = board[new_row]
                    if line[new_col] == 0:
                        line = line.copy()
                        line[new_col] = number + 1
                        new_board = board.copy()
                        new_board[new_row] = line
                        state = {**state, "next": index + 1}
                        stack = stack[0 : len(stack) - 1]
                        stack.append(state)
                        stack.append(
                            {"row": new_row, "col": new_col, "number": number + 1, "board": new_board, "next": 0}
                        )
                        found = True
                if not found:
                    index += 1
            if not found:
                stack = stack[0 : len(stack) - 1]
            if found and number < squares:
                found = False
    start = {"row": start_row, "col": start_col}
    return {"board_size": n, "start_position": start, "solution": solution, "found": solution is not None}


def counting_bits(n: int) -> list[int]:
    result = []
    for i in range(n + 1):
        number: float = i
        count = 0
        while number > 0:
            bit = int(number) % 2
            if bit == 1:
                count += 1
            number = number / 2
        result.append(count)
    return result


def radix_sort(numbers: list[int]) -> list[int]:
    if len(numbers) <= 1:
        return numbers
    highest = numbers[0]
    for number in numbers:
        if number > highest:
            highest = number
    current = numbers
    place = 1.0
    left = highest / place
    while left > 0:
        buckets: list[list[int]] = [[], [], [], [], [], [], [], [], [], []]
        for number in current:
            quotient = number / place
            digit = int(quotient) % 10
            bucket = buckets[digit]
            longer = [*bucket, number]  # the program makes a new list for each number, too
            buckets[digit] = longer
        collected = []
        index = 0
        while index < 10:
            for number in buckets[index]:
                collected.append(number)  # noqa: PERF402 - as the program does
            index += 1
        current = collected
        place = place * 10
        left = highest / place
    return current


def add_binary(a: str, b: str) -> str:
    i = len(a) - 1
    j = len(b) - 1
    result = ""
    carry: float = 0
    while i >= 0 or j >= 0 or carry > 0:
        one = 0
        if i >= 0:
            one = int(a[i])
        two = 0
        if j >= 0:
            two = int(b[j])
        total = one + two + carry
        digit = int(total) % 2
        carry = total / 2
        result = str(digit) + result
        i -= 1
        j -= 1
    if len(result) == 0:
        result = "0"
    return result


def decimal_to_binary(number: int) -> str:
    if number == 0:
        return "0"
    result = ""
    left: float = number
    while left > 0:
        rest = int(left) % 2
        result = str(rest) + result
        left = left / 2
    return result


def word_ladder(begin_word: str, end_word: str, word_list: list[str]) -> int:
    known = False
    for word in word_list:
        if word == end_word:
            known = True
    if not known:
        return 0
    queue = [{"word": begin_word, "steps": 1}]
    visited = {begin_word: True}
    alphabet = list("abcdefghijklmnopqrstuvwxyz")
    length = len(begin_word)
    while len(queue) > 0:
        current: dict[str, Any] = queue[0]
        word, steps = current["word"], current["steps"]
        queue = queue[1:]
        if word == end_word:
            return int(steps)
        i = 0
        while i < length:
            for letter in alphabet:
                before = word[0:i]
                after = word[i + 1 :]
                made = before + letter + after
                valid = False
                for candidate in word_list:
                    if candidate == made:
                        valid = True
                seen = visited.get(made)
                if valid and not (seen or False):
                    visited[made] = True
                    queue.append({"word": made, "steps": steps + 1})
            i += 1
    return 0


def single_number(numbers: list[int]) -> int:
    result = 0
    position = 0
    while position < 32:
        bits = 0
        i = 0
        while i < len(numbers):
            number = numbers[i]
            mask = 1
            shifts = 0
            while shifts < position:
                mask = mask * 2
                shifts = shifts + 1
            is_set = False
            if number < 0:
                if position == 31:
                    is_set = True
                    number = 0
                if position < 31:
                    number = 0 - number
            if position < 31 and number > 0:
                divisions = 0
                working = number
                while divisions < position:
                    working = int(working / 2)
                    divisions = divisions + 1
                if working % 2 == 1:
                    is_set = True
            if is_set:
                bits = bits + 1
            i = i + 1
        if bits % 3 != 0:
            value = 1
            shift = 0
            while shift < position:
                value = value * 2
                shift = shift + 1
            result = result - value if position == 31 else result + value
        position = position + 1
    return result


def is_happy_number(n: int) -> bool:
    seen = []
    current = n
    if n <= 0:
        return False
    while current != 1 and current not in seen:
        seen.append(current)
        total = 0
        left: float = current
        while left > 0:
            digit = int(left) % 10
            total = total + digit * digit
            left = left / 10
        current = total
    return current == 1


def bitwise_and_range(left: int, right: int) -> float:
    shifts = 0
    one: float = left
    two: float = right
    while one != two:
        one = one / 2
        two = two / 2
        shifts = shifts + 1
    result = one
    for _ in range(shifts):
        result = result * 2
    return result


def number_complement(num: int) -> float:
    left: float = num
    bits = 0
    while left > 0:
        bits += 1
        left = left / 2
    mask = 1.0
    for _ in range(bits):
        mask *= 2
    mask -= 1
    return mask - num


def inputs() -> dict[str, tuple[Callable[..., Any], list[dict[str, Any]]]]:
    """Folder of an exercise -> its twin and the inputs of one measured round, the same each time."""
    draw = random.Random(7)
    digits = "".join(draw.choice("01") for _ in range(200))
    words = [f"{a}{b}{c}" for a in "hdlc" for b in "oai" for c in "tg"]
    triples = [draw.randrange(1, 10**6) for _ in range(8)] * 3
    return {
        "knight-tour": (knight_tour, [{"n": 5, "start_row": 0, "start_col": 0}]),
        "counting-bits": (counting_bits, [{"n": 20}]),
        "radix-sort": (radix_sort, [{"numbers": [draw.randrange(10_000) for _ in range(40)]}]),
        "add-binary": (add_binary, [{"a": digits, "b": digits[50:]}]),
        "word-ladder": (word_ladder, [{"begin_word": "hit", "end_word": "cog", "word_list": words}]),
        "decimal-to-binary": (decimal_to_binary, [{"number": draw.randrange(10**9)} for _ in range(5)]),
        "single-number-ii": (single_number, [{"numbers": [*triples, 4242]}]),
        "happy-number": (is_happy_number, [{"n": number} for number in (2, 7, 19, 4711)]),
        "bitwise-and-of-numbers-range": (bitwise_and_range, [{"left": 5, "right": 7}, {"left": 600, "right": 900}]),
        "number-complement": (number_complement, [{"num": draw.randrange(1, 10**6)} for _ in range(5)]),
    }


def answers(workspace: xsrun.Workspace, function: str, given: list[dict[str, Any]]) -> list[Any]:
    found = []
    for values in given:
        result = workspace.run(function, kind="function", input=values)
        assert result.error is None, f"{function}: {result.error}"
        found.append(result.response)
    return found


def answers_of_twin(twin: Callable[..., Any], given: list[dict[str, Any]]) -> list[Any]:
    return [twin(**values) for values in given]


def measure(folder: Path, runs: int) -> list[dict[str, Any]]:
    """Median seconds of both sides and their ratio, for each exercise; the answers must agree."""
    rows = []
    for name, (twin, given) in inputs().items():
        with xsrun.Workspace.load(folder / name) as workspace:
            (function,) = [one.name for one in workspace.constructs if one.kind == "function"]
            run, run_twin = partial(answers, workspace, function, given), partial(answers_of_twin, twin, given)
            assert run() == run_twin(), name
            ours, plain = compare(run, run_twin, runs)
        rows.append({"name": name, "xsrun": ours, "python": plain, "ratio": ours / plain})
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--json", action="store_true")
    choice = options.parse_args()
    rows = measure(choice.folder, choice.runs)
    if choice.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:<34} {row['xsrun'] * 1000:9.2f} ms  {row['python'] * 1000:8.2f} ms  {row['ratio']:6.2f}x")
    print(f"{'geometric mean':<60} {statistics.geometric_mean(row['ratio'] for row in rows):6.2f}x")


if __name__ == "__main__":
    main()
