"""The table is filled once: the files that fill it are imported by name and not collected."""

collect_ignore_glob = ["registry.py", "table.py", "cases_*.py"]
