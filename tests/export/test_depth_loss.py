"""What kbvr-depth is told of its errors."""

from __future__ import annotations

import math

import torch

from export.depth_loss import depth_loss, doubt_loss, in_the_order_of, standardised


def loss_of(guess, truth, weight, by_rank, sharp):
    """Return the depth loss of a batch in which nothing was pasted."""
    return depth_loss(guess, truth, torch.zeros_like(truth, dtype=torch.bool), weight, by_rank, sharp)


def test_a_thin_thing_counts_though_it_is_the_worst_of_its_picture():
    """What was pasted is never trimmed, and counts by itself."""
    truth = torch.linspace(0, 1, 64)[None, None, :, None].repeat(1, 1, 1, 64)
    guess = truth.clone()
    thin = torch.zeros_like(truth, dtype=torch.bool)
    thin[..., 20:22] = True
    pasted = torch.where(thin, 3.0, truth)
    one, no = torch.ones(1), torch.zeros(1, dtype=torch.bool)
    unsure, sure = (depth_loss(guess, pasted, where, one, no, one)[0] for where in (torch.zeros_like(thin), thin))
    assert sure > unsure + 0.5


def test_unknown_pixels_and_the_scale_of_a_label_change_nothing():
    """The loss is of known pixels only, and free of scale and shift."""
    torch.manual_seed(0)
    truth, guess = torch.rand(2, 1, 32, 48), torch.rand(2, 1, 32, 48)
    truth[:, :, :8, 10:30] = torch.nan
    ones, none = torch.ones(2), torch.zeros(2, dtype=torch.bool)
    loss, error = loss_of(guess, truth, ones, none, ones)
    other = guess.clone()
    other[:, :, :8, 10:30] = 100
    torch.testing.assert_close(loss_of(other, truth, ones, none, ones)[0], loss)
    torch.testing.assert_close(loss_of(3 * guess + 2, 7 * truth - 1, ones, none, ones)[0], loss, rtol=0.02, atol=0)
    assert torch.equal(error.isfinite(), truth.isfinite())
    assert loss_of(truth.nan_to_num(), truth, ones, none, ones)[0] < 1e-5
    other.requires_grad_()
    loss_of(other, truth, ones, none, ones)[0].backward()
    assert other.grad[:, :, :8, 10:30].abs().max() == 0


def test_a_picture_half_of_which_is_unknown_is_judged_by_the_other_half():
    """The mean error is over known pixels, not over all."""
    torch.manual_seed(0)
    truth, guess = torch.rand(1, 1, 64, 128), torch.rand(1, 1, 64, 128)
    truth[..., 64:] = torch.nan
    one, no = torch.ones(1), torch.zeros(1, dtype=torch.bool)
    half = loss_of(guess[..., :64], truth[..., :64], one, no, one)[0]
    torch.testing.assert_close(loss_of(guess, truth, one, no, one)[0], half, rtol=0.03, atol=0)


def test_a_picture_without_known_depth_and_one_of_no_weight_say_nothing():
    """Nothing is divided by zero, and what weighs more counts more."""
    truth, guess = torch.rand(2, 1, 32, 32), torch.rand(2, 1, 32, 32)
    none, ones = torch.zeros(2, dtype=torch.bool), torch.ones(2)
    alone = loss_of(guess[1:], truth[1:], ones[:1], none[:1], ones[:1])[0]
    truth[0] = torch.nan
    torch.testing.assert_close(loss_of(guess, truth, ones, none, ones)[0], alone)
    assert loss_of(guess[:1], truth[:1], ones[:1], none[:1], ones[:1])[0] == 0


def test_where_only_the_order_is_trusted_any_rising_curve_of_it_is_right():
    """A label by rank is content with depth in its order, and not with another order."""
    torch.manual_seed(0)
    guess = torch.rand(1, 1, 24, 24)
    order = guess.exp() ** 3
    ones, ranked = torch.ones(1), torch.ones(1, dtype=torch.bool)
    assert loss_of(guess, order, ones, ranked, ones)[0] < 1e-5
    assert loss_of(guess, order, ones, ~ranked, ones)[0] > 0.05
    assert loss_of(guess, order.flip(-1), ones, ranked, ones)[0] > 0.5
    known = torch.rand(24, 24) > 0.3
    dealt = in_the_order_of(guess[0, 0], order.flip(-1)[0, 0], known)
    assert torch.equal(dealt[known].argsort(), order.flip(-1)[0, 0][known].argsort())


def test_the_doubt_is_least_wrong_when_it_foresees_the_error():
    """The likelihood is greatest at the mean error."""
    error = torch.rand(1, 1, 16, 16) + 0.2
    guesses = [doubt_loss(torch.full_like(error, math.log(e)), error) for e in (0.1, error.mean().item(), 4.0)]
    assert guesses[1] < guesses[0]
    assert guesses[1] < guesses[2]


def test_depth_is_standardised_over_what_is_known():
    """Median 0 and mean absolute deviation 1."""
    depth, known = torch.rand(1, 1, 64, 64) * 9 + 4, torch.rand(1, 1, 64, 64) > 0.4
    flat = standardised(depth, known)[known]
    assert abs(flat.median().item()) < 0.2
    assert abs(flat.abs().mean().item() - 1) < 0.02
