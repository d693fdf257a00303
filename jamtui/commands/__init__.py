"""The commands of `jamtui`, one module for what belongs together; `jamtui.cli` finds, runs and ends them.

A command is a function ``run(context, args) -> int | None`` that prints rows through `jamtui.output` and raises a
`jamtui.errors.JamError` when something fails. What a command needs is imported when it runs.
"""
