"""The language that devices and the cloud share: tables, messages, ids, topics and scenes.

Standard library only, valid on Python 3.10, so that a Jetson, a Lambda and a laptop read the same lines.
"""
