"""The command line: options in, text or one JSON object out.

`app` holds the entry point, `commands` a file per command, `text` pure rendering (results in,
string out). Nothing heavy is imported before a command needs it.
"""
