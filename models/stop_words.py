"""Frequent English words that say little about what a text is about."""

from __future__ import annotations

_WORDS = """
a an the this that these those some any each every all both either neither no none such same
other another
i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
himself she her hers herself it its itself they them their theirs themselves one ones who whom
whose which what
am is are was were be been being have has had having do does did doing done will would shall
should can could may might must ought
and or but nor so yet if then else than because since although though while whereas unless
until as
of at by for from to in into on onto with without within about above across after against along
among around before behind below beneath beside between beyond down during except inside near
off out outside over past through throughout toward towards under up upon via
not very too also just only even still already again once ever never always often here there
where when why how now
more most less least much many few several own
"""
ENGLISH = frozenset(_WORDS.split())
