"""Following a stored flow, and leaving it when what is heard does not fit.

DTMF    at once, or after its prompt                LISTEN  when the choice or the prompt is recognised
SPEAK   when the company waits                      HOLD, TRANSFER  wait for a person          HANGUP  end
"""

from __future__ import annotations

from rapidfuzz import fuzz

from engine.call import Phase
from engine.deciding import menus, rules
from engine.deciding.decisions import Answered, Ask, EnterStep, Input, LeaveFlow, Option
from engine.deciding.draft import Draft
from engine.deciding.exploring import ANSWER_PATIENCE_S, MENU_OVER_QUIET_S, menu_texts
from engine.deciding.phrases import plain
from engine.hearing.perceptions import Heard
from flows.cursor import Stuck, advance
from flows.model import Choice, Dtmf, HangUp, Hold, Listen, Speak, Transfer, successors

PROMPT_FITS = 60.0
LABEL_FITS = 55.0
LABEL_CONTRADICTS = 40.0
"""Percent of similarity (token set ratio) between what is heard and what the flow says."""

_PROMPT_PATIENCE_S = 30.0
_ANY_PROMPT_QUIET_S = 1.5
_SPEAK_QUIET_S = 0.8
_SPEAK_ANYWAY_S = 8.0


def _fits(heard: str, written: str) -> float:
    heard, written = plain(heard), plain(written)
    return float(fuzz.token_set_ratio(heard, written)) if heard and written else 0.0


def leave(draft: Draft, because: str) -> None:
    """The flow does not fit: explore from here, with what was heard so far."""
    draft.act(LeaveFlow(because))
    draft.place(None)
    draft.note(flow_choice=None, asked="", asked_options=(), progress_s=draft.memory.now_s)


def skip_to_hold(draft: Draft) -> None:
    """On hold although the flow expected a menu: the queue came early, or the flow is out of date."""
    cursor = draft.cursor
    if cursor is None:
        return
    for target in successors(cursor.step):
        if isinstance(cursor.flow.step(target), Hold):
            enter(draft, target)
            return
    leave(draft, "on hold where the flow expected a menu")


def enter(draft: Draft, target: str) -> None:
    """Move the cursor to ``target`` and do what that step does at once."""
    cursor = draft.cursor
    if cursor is None:
        return
    try:
        draft.place(advance(cursor, target))
    except (Stuck, ValueError) as problem:
        leave(draft, str(problem))
        return
    _arrive(draft)


def _arrive(draft: Draft) -> None:
    # A loop instead of recursion: a flow may have any number of keys in a row, and its cursor counts laps.
    while (cursor := draft.cursor) is not None:
        step = cursor.step
        draft.act(EnterStep(cursor.at))
        draft.note(flow_entered_s=draft.memory.now_s, flow_choice=None, asked="", asked_options=())
        if isinstance(step, Dtmf) and not step.prompt:
            draft.press(step.digits, "the flow says so", step=step.id)
            try:
                draft.place(advance(cursor, step.next))
            except Stuck as problem:
                leave(draft, str(problem))
            continue
        if isinstance(step, Hold | Transfer):
            draft.move(Phase.HOLDING, "the flow says: wait for a person")
        elif isinstance(step, HangUp):
            draft.finish("given_up", "the flow ends here without a person")
        return


def begin(draft: Draft) -> None:
    """The company answered: the first step begins."""
    if draft.cursor is not None and not draft.memory.flow_begun:
        draft.note(flow_begun=True)
        _arrive(draft)


def found_person(draft: Draft) -> None:
    """A person speaks: the flow is where it ends, in TRANSFER, when it has such a step here."""
    cursor = draft.cursor
    if cursor is None or not draft.acting:
        return
    for target in successors(cursor.step):
        if isinstance(cursor.flow.step(target), Transfer):
            draft.place(advance(cursor, target))
            draft.act(EnterStep(target))
            return


def _options(step: Listen) -> tuple[Option, ...]:
    return tuple(
        Option(c.label, digits=c.digits or "", say=c.say if c.digits is None else "") for c in step.choices
    )


def _over(draft: Draft) -> bool:
    return not draft.memory.speaking and draft.memory.quiet_s >= MENU_OVER_QUIET_S


def _choose(draft: Draft, step: Listen) -> int | None:
    """Index of the choice to take, when it is known already."""
    memory = draft.memory
    if step.take:
        return next(i for i, choice in enumerate(step.choices) if choice.label == step.take)
    if memory.flow_choice is not None:
        return memory.flow_choice
    options = _options(step)
    ruled = rules.choose_by_rules(draft.situation.intent, options)
    if ruled is not None and ruled.confidence >= rules.SURE:
        draft.note(flow_choice=ruled.index)
        return ruled.index
    if not memory.asked:
        draft.note(
            asked=f"flow-{memory.questions + 1}",
            asked_s=memory.now_s,
            asked_options=options,
            questions=memory.questions + 1,
        )
        draft.act(
            Ask(draft.memory.asked, draft.situation.intent, options, " ".join(menu_texts(draft.memory)))
        )
    return None


def _take(draft: Draft, step: Listen, choice: Choice, heard: tuple[Option, ...], because: str) -> None:
    if choice.digits is not None:
        draft.press(choice.digits, because, options=heard or _options(step), step=step.id)
    else:
        draft.say(choice.say, because, options=heard or _options(step))
    enter(draft, choice.next)


def _listen(draft: Draft, step: Listen, what: Input) -> None:
    memory = draft.memory
    if isinstance(what, Answered) and memory.asked and what.key == memory.asked:
        if what.choice is None or not 0 <= what.choice < len(step.choices):
            leave(draft, f"no choice of the step {step.id!r} serves what you want")
            return
        draft.note(flow_choice=what.choice, asked="")
    if memory.asked and memory.now_s - memory.asked_s > ANSWER_PATIENCE_S:
        leave(draft, f"nobody could say which choice of the step {step.id!r} serves what you want")
        return
    index = _choose(draft, step)
    memory = draft.memory
    texts = menu_texts(draft.memory)
    heard = menus.parse(*texts, complete=memory.menu_complete)
    if isinstance(what, Heard) and what.final and heard and heard != memory.options:
        draft.menu(heard)
    if heard != memory.options:
        draft.note(options=heard)
    over = _over(draft)
    if index is not None:
        choice = step.choices[index]
        same_key = [o for o in heard if choice.digits is not None and o.digits == choice.digits]
        fitting = [o for o in same_key if _fits(o.label, choice.label) >= LABEL_FITS]
        last = memory.last
        if fitting and (heard.index(fitting[0]) < len(heard) - 1 or (last is not None and last.final)):
            _take(draft, step, choice, heard, f"the flow takes “{choice.label}” here")
            return
    if over and texts:
        _menu_ended(draft, step, index, heard, " ".join(texts))
        if draft.cursor is None or draft.cursor.step is not step:
            return
    if (
        memory.now_s - max(memory.flow_entered_s, memory.answered_s or 0.0) > step.patience_s
        and not memory.speaking
    ):
        leave(draft, f"the menu of the step {step.id!r} did not come within {step.patience_s:.0f} seconds")


def _menu_ended(draft: Draft, step: Listen, index: int | None, heard: tuple[Option, ...], text: str) -> None:
    """The company waits: take the choice when this was the step's menu, leave the flow when it was another."""
    by_key = {choice.digits: choice for choice in step.choices if choice.digits is not None}
    known = [o for o in heard if o.digits in by_key and _fits(o.label, by_key[o.digits].label) >= LABEL_FITS]
    prompt = _fits(text, step.prompt)
    chosen = step.choices[index] if index is not None else None
    if chosen is not None and chosen.digits is not None:
        drifted = [o for o in heard if o.digits != chosen.digits and _fits(o.label, chosen.label) >= 90]
        taken = [
            o for o in heard if o.digits == chosen.digits and _fits(o.label, chosen.label) < LABEL_CONTRADICTS
        ]
        if drifted or (taken and len(heard) > 1 and len(known) * 2 <= len(heard)):
            other = (drifted or taken)[0]
            leave(draft, f"the menu has changed: {other.digits} is now “{other.label}”")
            return
    if known or prompt >= PROMPT_FITS:
        if chosen is not None:
            why = "the menu is the one expected" if known else "the prompt is the one expected"
            _take(draft, step, chosen, heard, f"{why}; the flow takes “{chosen.label}”")
    elif len([o for o in heard if o.digits]) >= 2:
        leave(draft, "the menu is none that the flow knows here")
    elif draft.memory.quiet_s > 6.0 and chosen is not None and not heard and not step.prompt:
        _take(draft, step, chosen, heard, f"the company waits; the flow takes “{chosen.label}”")


def _dtmf(draft: Draft, step: Dtmf, what: Input) -> None:
    memory = draft.memory
    texts = menu_texts(draft.memory)
    text = " ".join(texts)
    heard = menus.parse(*texts, complete=memory.menu_complete)
    said = any(u.end_s is not None for u in memory.utterances if u.start_s >= memory.flow_entered_s - 0.5)
    fits = _fits(text, step.prompt) >= PROMPT_FITS
    last = memory.last
    ended = not memory.speaking and last is not None and (last.final or last.end_s is not None)
    if fits and ended and (last is not None and last.final):
        draft.press(step.digits, "the prompt of the flow was heard", options=heard, step=step.id)
        enter(draft, step.next)
    elif said and ended and memory.quiet_s >= _ANY_PROMPT_QUIET_S:
        keys = {option.digits for option in heard if option.digits}
        if len(keys) >= 2 and step.digits not in keys:
            leave(draft, f"the menu heard has no key {step.digits}")
            return
        draft.press(step.digits, "a prompt ended where the flow presses", options=heard, step=step.id)
        enter(draft, step.next)
    elif memory.now_s - memory.flow_entered_s > _PROMPT_PATIENCE_S and not memory.speaking:
        leave(draft, f"the prompt of the step {step.id!r} did not come")


def _speak(draft: Draft, step: Speak) -> None:
    memory = draft.memory
    said = any(u.end_s is not None for u in memory.utterances if u.start_s >= memory.flow_entered_s - 0.5)
    waited = memory.now_s - memory.flow_entered_s
    if memory.speaking or (not said and waited < _SPEAK_ANYWAY_S) or memory.quiet_s < _SPEAK_QUIET_S:
        return
    draft.say(step.text.replace("{intent}", draft.situation.intent), "the flow says so")
    enter(draft, step.next)


def step(draft: Draft, what: Input) -> None:
    """One perception while following the flow."""
    begin(draft)
    cursor = draft.cursor
    if cursor is None or draft.phase is not Phase.NAVIGATING:
        return
    match cursor.step:
        case Listen() as listen:
            _listen(draft, listen, what)
        case Dtmf() as dtmf:
            _dtmf(draft, dtmf, what)
        case Speak() as speak:
            _speak(draft, speak)
        case Hold() | Transfer():
            draft.move(Phase.HOLDING, "the flow says: wait for a person")
        case HangUp():
            draft.finish("given_up", "the flow ends here without a person")
