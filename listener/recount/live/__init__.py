"""The recount of what runs: retained records counted again, compared with the cells in the changelogs.

It shares the schemas, the matcher and the attribution of campaign files with the workers, and nothing else: what
records come to, which windows they fall into and what a backfill puts in place is worked out here a second time.
"""
