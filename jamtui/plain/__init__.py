"""Plain mode: a Jam as a conversation of lines, for screen readers, Braille displays and slow lines.

What is new is written below what was there, once, and the terminal's own cursor stands at the start of it; nothing is
painted over, there are no frames, no colours and no second screen, so that a screen reader says each answer once and
the terminal's own history can be gone through. Positions, depths and states are words.

    console   what the mode speaks through: `terminal` (keys, one at a time) or `pipe` (lines in, lines out)
    keys, field, wrap   bytes to names of keys; a line that is typed; lines broken at words
    words, markdown     rows and posts as lines of words
    view      where one is, and what is said about it
    moving, marking, writing, ways, event, program   the handlers of the action table: ``do_<method>``
    composer, ways_in, news             a text in lines; welcome, sign-in, first fetch; what others did meanwhile

It knows the session and the action table as the screens do, and no screen library, which is why it is there sooner.
"""
