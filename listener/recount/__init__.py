"""The batch recount: the same files counted without Kafka, by code of its own. The oracle of the counting plane.

It shares the schemas, the matcher and the reading of files with the plane, and nothing else: snapshots, windows and
outcomes are written here a second time, as plainly as possible, from the documented rules. It keeps the whole history
of every tracked post and works the figures out from it at the end.
"""
