"""Polling: what a round costs, next to other programs, against an origin of our own on loopback.

python -m bench.polling                     1,000 feeds, every scenario, every peer that is there
python -m bench.polling --feeds 10000 --peers reader
python -m bench.polling --quick             100 feeds, a minute
"""
