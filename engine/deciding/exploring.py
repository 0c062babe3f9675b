"""Finding the way through a menu that no flow knows.

Each caption is parsed anew; an option that clearly serves the intent is pressed as soon as it is complete, the rest
after the menu has ended; what rules cannot tell goes out as ``Ask``. The ladder when nothing serves: "all other
questions", the operator by name, staying on the line, the menu once more, the key 0 once, the user.
"""

from __future__ import annotations

from engine.call import Phase
from engine.deciding import menus, phrases, rules
from engine.deciding.decisions import Answered, Ask, Input, Option
from engine.deciding.draft import Draft
from engine.deciding.memory import Memory, Utterance
from engine.hearing.perceptions import Heard

MENU_OVER_QUIET_S = 1.5
"""Quiet for so long after the last option: the menu has ended."""

PATIENCE_S = 25.0
"""No way on for so long after the last progress: try the operator, then the user."""

QUIET_PATIENCE_S = 9.0
"""... or so long in silence after something was said."""

ENOUGH = 0.55
"""Least confidence of a rule for pressing at the end of a menu without asking the model."""

ANSWER_PATIENCE_S = 8.0
"""An ``Ask`` without an answer for so long counts as "none of these"."""

_SAME_KEYS = 2
"""How often the same key is pressed for the same menu at most."""


def menu_texts(memory: Memory) -> list[str]:
    """What was said of the menu we are in.

    Where a key was pressed in the middle of an utterance, its rest is mostly the old menu being read to its end; it
    counts when it is a menu by itself.
    """

    def counts(utterance: Utterance) -> bool:
        rest = menus.parse(utterance.fresh_text) if utterance.cut_s is not None else ()
        return utterance.cut_s is None or len({option.digits for option in rest if option.digits}) >= 2

    return [utterance.fresh_text for utterance in memory.menu_utterances() if counts(utterance)]


def understand(draft: Draft, *, final: bool) -> tuple[Option, ...]:
    """Parse what was said since the last key; note the menu once an utterance is final."""
    memory = draft.memory
    options = menus.parse(*menu_texts(memory), complete=memory.menu_complete)
    if options != memory.options:
        draft.note(options=options)
    if final and options and options != memory.asked_options and options != memory.options:
        draft.menu(options)
    return options


def _menu_over(draft: Draft) -> bool:
    return not draft.memory.speaking and draft.memory.quiet_s >= MENU_OVER_QUIET_S


def _complete(draft: Draft, options: tuple[Option, ...], index: int) -> bool:
    """Whether the option was heard to its end: another one began, or its utterance did end."""
    last = draft.memory.last
    return index < len(options) - 1 or last is None or last.final


def _pressed_already(draft: Draft, option: Option) -> int:
    count = 0
    for pressed in draft.memory.pressed:
        same = [o for o in pressed.options if o.digits == option.digits and o.label == option.label]
        if same and pressed.digits == option.digits:
            count += 1
    return count


def take(draft: Draft, option: Option, because: str, options: tuple[Option, ...]) -> None:
    """Press or say an option, or stay on the line for it."""
    if option.digits:
        if _pressed_already(draft, option) >= _SAME_KEYS:
            draft.note(refused=(*draft.memory.refused, option))
            stuck(draft, f"“{option.label}” was chosen {_SAME_KEYS} times and the menu came back")
            return
        draft.press(option.digits, because, options=options)
    elif option.say:
        draft.say(option.say, because, options=options)
    else:
        draft.note(menu_from_s=draft.memory.now_s, options=(), progress_s=draft.memory.now_s)
        draft.move(Phase.HOLDING, f"{because}: stay on the line")


def stuck(draft: Draft, why: str) -> None:
    """Nothing serves: the operator once, then the user."""
    if not draft.memory.operator_tried:
        draft.note(operator_tried=True)
        draft.press("0", f"{why}; trying the operator", options=draft.memory.options)
        return
    draft.note(progress_s=draft.memory.now_s)
    draft.need_user(f"I cannot find the way in this menu: {why}. Which key shall I press?")


def _fall_back(draft: Draft, options: tuple[Option, ...], why: str) -> None:
    usable = tuple(o for o in options if not rules.repeats(o))
    for find in (rules.operator_option, rules.other_option):
        index = find(usable)
        if index is not None and _pressed_already(draft, usable[index]) == 0:
            take(draft, usable[index], f"{why}; “{usable[index].label}”", options)
            return
    staying = next((o for o in usable if menus.stays(o)), None)
    if staying is not None:
        take(draft, staying, why, options)


def _answered(draft: Draft, answer: Answered) -> None:
    memory = draft.memory
    if not memory.asked or answer.key != memory.asked:
        return
    options = memory.asked_options
    draft.note(asked="")
    if answer.choice is not None and 0 <= answer.choice < len(options):
        take(draft, options[answer.choice], answer.because or f"“{options[answer.choice].label}”", options)
        return
    draft.note(refused=options)
    _fall_back(draft, options, answer.because or "no option serves what you want")


def _choose(draft: Draft, options: tuple[Option, ...]) -> bool:
    memory = draft.memory
    ruled = rules.choose_by_rules(draft.situation.intent, options)
    over = _menu_over(draft)
    if ruled is not None:
        index = ruled.index
        sure = ruled.confidence >= rules.SURE and _complete(draft, options, index)
        if options[index] not in memory.refused and (sure or (over and ruled.confidence >= ENOUGH)):
            take(draft, options[index], ruled.because, options)
            return True
    if ruled is not None and options[ruled.index] in memory.refused:
        return False  # tried in vain
    if not over or memory.asked or options == memory.asked_options:
        return False
    if all(menus.is_foreign(o) or menus.stays(o) or o in memory.refused for o in options):
        return False
    draft.note(
        asked=f"menu-{memory.questions + 1}",
        asked_s=memory.now_s,
        asked_options=options,
        questions=memory.questions + 1,
    )
    heard = " ".join(u.fresh_text for u in memory.menu_utterances())
    draft.act(Ask(draft.memory.asked, draft.situation.intent, options, heard))
    draft.menu(options)
    return True


def _special(draft: Draft, what: Heard) -> bool:
    """Prompts that are no menus. True when dealt with."""
    tiers = phrases.tiers(what.text)
    memory = draft.memory
    if "invalid_entry" in tiers:
        draft.note(progress_s=memory.now_s)
    if not what.final or any(not menus.stays(option) for option in menus.parse(what.text)):
        return False
    if "identify" in tiers:
        draft.note(progress_s=memory.now_s, options=())
        if not tiers & {"please_hold", "hold_notice", "stay_on_line"}:
            draft.need_user(
                f"The company asks you to identify yourself: “{what.text}”. Type it on the keypad."
            )
        return True
    if "open_question" in tiers:
        intent = draft.situation.intent
        if memory.spoke_intent < 2 and intent:
            draft.note(spoke_intent=memory.spoke_intent + 1)
            draft.say(intent, "the company asks what you are calling about")
        elif memory.spoke_intent < 3:
            draft.note(spoke_intent=3)
            draft.say("representative", "saying what you want did not help; asking for a person")
        else:
            stuck(draft, "the company did not understand what was said")
        return True
    return False


def step(draft: Draft, what: Input) -> None:
    """One perception while exploring."""
    if isinstance(what, Answered):
        _answered(draft, what)
        return
    asked = draft.memory.asked
    if asked and draft.memory.now_s - draft.memory.asked_s > ANSWER_PATIENCE_S:
        _answered(draft, Answered(draft.memory.now_s, asked, None, 0.0, "no answer came in time"))
        return
    if isinstance(what, Heard) and what.text and _special(draft, what):
        return
    memory = draft.memory
    final = isinstance(what, Heard) and what.final
    options = understand(draft, final=final) if isinstance(what, Heard) else memory.options
    if options and _choose(draft, options):
        return
    memory = draft.memory
    if memory.asked or not memory.utterances or memory.speaking:
        return
    waited = memory.now_s - memory.progress_s
    heard_since = memory.utterances[-1].start_s >= memory.progress_s - 1.0
    if heard_since and waited > QUIET_PATIENCE_S and memory.quiet_s > QUIET_PATIENCE_S:
        stuck(draft, "nothing more is said" if options else "no menu was understood")
    elif waited > PATIENCE_S and memory.quiet_s > 2.0 and (heard_since or options):
        stuck(draft, "no option was found that serves what you want")
