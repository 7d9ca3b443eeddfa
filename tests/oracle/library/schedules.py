"""Learning rates of 60 steps by torch.optim.lr_scheduler (inverse square root and Noam by their formulas), and what ReduceLROnPlateau and early
stopping make of a sequence of losses.

    python3 tests/oracle/library/schedules.py      (numpy, torch)
"""
import math

import torch

from common import formula, put, write

S = torch.optim.lr_scheduler
STEPS = 60
SCHEDULES = {
    "cosine": lambda o: S.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.01),
    "cosine_warmup": lambda o: S.SequentialLR(
        o, [S.LinearLR(o, start_factor=1 / 10, total_iters=9), S.CosineAnnealingLR(o, T_max=STEPS - 10)], milestones=[10]
    ),
    "warmup": lambda o: S.LambdaLR(o, lambda t: min((t + 1) / 7, 1)),
    "warmup_exponential": lambda o: S.LambdaLR(o, lambda t: min((t + 1) / 13, 1) * 0.9**t),
    "step_decay_plain": lambda o: S.StepLR(o, step_size=13),
    "multi_step_plain": lambda o: S.MultiStepLR(o, milestones=[1]),
    "exponential_up": lambda o: S.ExponentialLR(o, gamma=1.01),
    "polynomial_plain": lambda o: S.PolynomialLR(o, total_iters=STEPS),
    "linear_warmup_plain": lambda o: S.LinearLR(o),
    "inverse_sqrt_odd": lambda o: S.LambdaLR(o, lambda t: min((t + 1) / 5, math.sqrt(5 / (t + 1)))),
    "noam_odd": lambda o: S.LambdaLR(o, lambda t: 0.7 * 9**-0.5 * min((t + 1) ** -0.5, (t + 1) * 31**-1.5) / 0.2),
    "step_decay": lambda o: S.StepLR(o, step_size=7, gamma=0.5),
    "multi_step": lambda o: S.MultiStepLR(o, milestones=[5, 20, 21], gamma=0.3),
    "exponential": lambda o: S.ExponentialLR(o, gamma=0.95),
    "polynomial": lambda o: S.PolynomialLR(o, total_iters=50, power=1.7),
    "linear_warmup": lambda o: S.LinearLR(o, start_factor=0.25, end_factor=0.9, total_iters=13),
    "constant": lambda o: S.ConstantLR(o, factor=0.5, total_iters=4),
    "cosine_restarts": lambda o: S.CosineAnnealingWarmRestarts(o, T_0=9, eta_min=0.02),
    "cosine_restarts_longer": lambda o: S.CosineAnnealingWarmRestarts(o, T_0=5, T_mult=2),
    "one_cycle": lambda o: S.OneCycleLR(o, max_lr=0.4, total_steps=STEPS, cycle_momentum=False),
    "one_cycle_linear": lambda o: S.OneCycleLR(
        o, max_lr=0.4, total_steps=STEPS, pct_start=0.4, anneal_strategy="linear", three_phase=True, div_factor=10, final_div_factor=50, cycle_momentum=False
    ),
    "cyclic": lambda o: S.CyclicLR(o, base_lr=0.1, max_lr=0.5, step_size_up=7, step_size_down=4, cycle_momentum=False),
    "cyclic_halved": lambda o: S.CyclicLR(o, base_lr=0.1, max_lr=0.5, step_size_up=6, mode="triangular2", cycle_momentum=False),
    "cyclic_range": lambda o: S.CyclicLR(o, base_lr=0.1, max_lr=0.5, step_size_up=6, mode="exp_range", gamma=0.97, cycle_momentum=False),
    "inverse_sqrt": lambda o: S.LambdaLR(o, lambda t: min((t + 1) / 12, math.sqrt(12 / (t + 1)))),
    "noam": lambda o: S.LambdaLR(o, lambda t: 64**-0.5 * min((t + 1) ** -0.5, (t + 1) * 8**-1.5) / 0.2),
}


def losses():
    """Falls, stalls, falls a little, stalls: with the formula's noise."""
    noise = formula.tensor(80, (STEPS,), 0.02)
    return [1 / (1 + 0.3 * min(k, 12)) + (0.03 * (30 - k) / 30 if 25 < k else 0.03) + noise[k] for k in range(STEPS)]


PLATEAUS = {
    "plateau": {"patience": 3, "factor": 0.5},
    "plateau_cooldown": {"patience": 2, "factor": 0.3, "cooldown": 4, "min_lr": 0.02, "threshold": 0.05, "threshold_mode": "abs"},
}


def sgd():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)


def main():
    for name, make in SCHEDULES.items():
        o = sgd()
        schedule = make(o)
        for k in range(STEPS):
            put("rates", name, o.param_groups[0]["lr"], k)
            o.step()
            schedule.step()
    for name, options in PLATEAUS.items():
        for mode in ("min", "max"):
            o = sgd()
            schedule = S.ReduceLROnPlateau(o, mode=mode, **options)
            for k, loss in enumerate(losses()):
                schedule.step(loss if mode == "min" else -loss)
                put(f"{name}_{mode}", "lr", o.param_groups[0]["lr"], k)
    best, bad = -math.inf, 0
    for k, loss in enumerate(losses()):
        best, bad = (-loss, 0) if -loss > best else (best, bad + 1)
        put("early_max", "best", best, k)
        put("early_max", "bad", bad, k)
        put("early_max", "stop", bad >= 3, k)
    best, bad, kept = math.inf, 0, -1
    for k, loss in enumerate(losses()):
        best, bad, kept = (loss, 0, k) if loss < best - 0.01 else (best, bad + 1, kept)
        put("early", "best", best, k)
        put("early", "bad", bad, k)
        put("early", "stop", bad >= 6, k)
    put("restored", "value", kept, STEPS - 1)
    write(__file__, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
