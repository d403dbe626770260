"""The methods that build a scene of a photo: kbvr's own `layers`, and `ken_burns_2019`.

Other rooms use `choose`.
"""
