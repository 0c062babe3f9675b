"""Menus in every shape, well and badly heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.deciding.decisions import Option
from engine.deciding.identifying import digits_for, wish
from engine.deciding.menus import english, is_foreign, parse, stays
from engine.deciding.rules import choose_by_rules

TABLE = [
    ("for billing press two", [("billing", "2")]),
    ("press two for billing", [("billing", "2")]),
    ("For billing, press 2.", [("billing", "2")]),
    ("billing, two. support, three. sales, four.", [("billing", "2"), ("support", "3"), ("sales", "4")]),
    ("to hear these options again press star", [("hear these options again", "*")]),
    (
        "press one for account balances press two for recent transactions press three to report a lost card",
        [("account balances", "1"), ("recent transactions", "2"), ("report a lost card", "3")],
    ),
    (
        "for technical support press three to hear these options again press the star key",
        [("technical support", "3"), ("hear these options again", "*")],
    ),
    ("welcome to springfield utilities for english press one", [("english", "1")]),
    (
        "for sales press one for billing press to for technical support credit three for other questions breast zero",
        [("sales", "1"), ("billing", "2"), ("technical support", "3"), ("other questions", "0")],
    ),
    ("for sales press won for parts press for", [("sales", "1"), ("parts", "4")]),
    ("for billing press or say two", [("billing", "2")]),
    ("thank you for calling press one for sales press two for support", [("sales", "1"), ("support", "2")]),
    (
        "if you are calling about a lost card press one now if you'd like to open an account press 2",
        [("a lost card", "1"), ("open an account", "2")],
    ),
    ("press zero at any time to speak with an operator", [("speak with an operator", "0")]),
    ("if you would like to continue to hold press one", [("continue to hold", "1")]),
    ("for billing press", []),
    ("for billing press two for tech", [("billing", "2")]),
    ("all of our representatives are busy please stay on the line", []),
    ("please enter your account number followed by the pound key", []),
    ("you are number two in line", []),
    ("this is the best for customers", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "options"), TABLE, ids=[text[:50] for text, _ in TABLE])
def test_keyed_options(text: str, options: list[tuple[str, str]]) -> None:
    assert [(o.label, o.digits) for o in parse(text)] == options


def test_spoken_options() -> None:
    assert parse("You can say billing, technical support, or cancel service.") == (
        Option("billing", say="billing"),
        Option("technical support", say="technical support"),
        Option("cancel service", say="cancel service"),
    )
    assert parse("for billing say billing for sales say sales") == (
        Option("billing", say="billing"),
        Option("sales", say="sales"),
    )
    assert parse("for billing, press 1 or say billing. for sales, press 2 or say sales.") == (
        Option("billing", "1", "billing"),
        Option("sales", "2", "sales"),
    )


def test_staying_is_an_option() -> None:
    options = parse("For sales press 1. For service press 2. Otherwise please stay on the line.")
    assert [stays(option) for option in options] == [False, False, True]
    assert options[2].label == "a representative"
    assert stays(parse("to speak to a representative press zero or stay on the line")[1])
    assert [o.digits for o in parse("to stay on the line press one to receive a call back press two")] == [
        "1",
        "2",
    ]


def test_a_menu_over_several_utterances_and_repeats() -> None:
    first, second = "for sales press one", "for billing press two"
    assert parse(first, second, first, second) == parse(f"{first}. {second}.")
    assert len(parse(first, second, "for sales press one")) == 2


def test_languages() -> None:
    options = (Option("english", "1"), Option("espanol", "2"))
    assert english(options) == 0 and is_foreign(options[1]) and not is_foreign(options[0])
    ruled = choose_by_rules("billing", options)
    assert ruled is not None and ruled.index == 0


@given(st.text(max_size=200))
def test_any_text_gives_options_that_can_be_taken(text: str) -> None:
    for option in parse(text):
        assert option.label or option.say
        assert option.digits == "" or option.digits in "0123456789*#"


@given(
    st.lists(
        st.sampled_from(
            [
                "for",
                "to",
                "press",
                "one",
                "two",
                "three",
                "billing",
                "or",
                "say",
                "stay",
                "on",
                "the",
                "line",
                "star",
                "key",
                ".",
                "please",
            ]
        ),
        max_size=40,
    )
)
def test_any_order_of_menu_words_is_survived(words: list[str]) -> None:
    options = parse(" ".join(words))
    choose_by_rules("billing question", options)


def test_numbers_given_with_the_wish() -> None:
    given = "make a claim, my policy number is 4 4 7 1 9 0 2"
    assert digits_for(given, "Please enter your policy number, followed by the pound key.") == "4471902#"
    assert digits_for(given, "please enter your ten digit phone number") == ""
    assert digits_for("make a claim", "please enter your policy number") == ""
    assert digits_for("my policy number is 12", "please enter your policy number") == ""
    assert wish(given) == "make a claim"
    assert wish("what is my policy number") == "what is my policy number"
