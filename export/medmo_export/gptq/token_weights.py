"""How much each token of a calibration sample counts in GPTQ's second moments.

An image brings many tokens that say much the same, and by their number they decide what GPTQ calls important; VLMQ (Xue
et al. 2025, arXiv:2508.03351) and MBQ (Li et al. 2024, arXiv:2412.19509) report losses from that. Here image tokens get
one weight against text tokens, as MBQ weights its two parts; VLMQ weights every token by a gradient of its own.
"""

from __future__ import annotations

import torch

from medmo_export.gptq.layer import TokenWeights
from medmo_models.networks.streamed import DecoderInputs


def visual_token_weights(weight: float) -> TokenWeights:
    """Return what gives image tokens ``weight`` and text tokens 1.

    Parameters
    ----------
    weight : float
        Above 0; with 1 all tokens count the same.
    """

    def weights(inputs: DecoderInputs) -> torch.Tensor | None:
        if weight == 1 or not bool(inputs.visual.any()):
            return None
        visual = inputs.visual[0]
        return torch.where(visual, weight, 1.0)

    return weights
