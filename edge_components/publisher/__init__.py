"""Spool to SQS: packs what waits on the device and sends it with back-off."""
