"""How a photo becomes something that cameras can look at: kbvr's own `layers`, or the method `ken_burns_2019`.

Others use `choose.profile_of` and the `protocol` of what it returns.
"""
