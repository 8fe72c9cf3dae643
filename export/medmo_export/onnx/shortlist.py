"""The head in two steps: 4-bit weights say which tokens are likely, and 8-bit ones compute these tokens' logits.

A head in 8 bits is a sixth of what a token reads at MedMO-4B's shape, and all but a few of its 151,936 rows belong to
tokens that are out of the question. So the rows are kept twice: in 4 bits, which are read whole, and in 8, of which only
those of the shortlist are. The logits of all other tokens stay those of the 4-bit rows.
"""

from __future__ import annotations

import numpy as np

from medmo_export.onnx.graph import MICROSOFT, GraphBuilder, WeightFile
from medmo_export.onnx.packing import PackedWeight

#: Tokens whose logits are computed with 8-bit weights, at every position.
SHORTLIST = 128
#: A smaller vocabulary has a shortlist of this share of it, so that the embedded model has one too.
_SHARE = 8
_MIDDLE = 128


def shortlist_length(vocabulary: int) -> int:
    """Return how many tokens are on the list."""
    return min(SHORTLIST, vocabulary // _SHARE)


def add_shortlisted_head(
    graph: GraphBuilder, source: str, name: str, fine: PackedWeight, coarse: PackedWeight, coarse_file: WeightFile
) -> str:
    """Add the nodes and return the logits.

    Parameters
    ----------
    graph : GraphBuilder
    source : str
        Value of shape (1, positions, inputs).
    name : str
        Of the head's weight; ``NAME.values`` and ``NAME.scales`` are its 8-bit rows.
    fine, coarse : PackedWeight
        The head in 8 and in 4 bits: symmetric, inputs in order and a whole number of blocks.
    coarse_file : WeightFile
        Where the 4-bit rows go.

    Returns
    -------
    str
        Value of shape (1, positions, outputs).
    """
    guessed = graph.node(
        "MatMulNBits",
        source,
        graph.constant(f"{name}.shortlist.values", coarse.values, coarse_file),
        graph.constant(f"{name}.shortlist.scales", coarse.scales, coarse_file),
        domain=MICROSOFT,
        K=coarse.inputs,
        N=coarse.outputs,
        bits=coarse.bits,
        block_size=coarse.block,
        accuracy_level=4,
    )
    length = graph.integers(shortlist_length(fine.outputs))
    _, tokens = graph.nodes("TopK", guessed, length, outputs=(None, ""), axis=-1, sorted=0)
    # All positions' lists are one, so that the product is one of two matrices.
    tokens = graph.node("Reshape", tokens, graph.integers(-1))
    rows = graph.node("Gather", graph.constant(f"{name}.values", fine.values), tokens, axis=0)
    scales = graph.node("Gather", graph.constant(f"{name}.scales", fine.scales), tokens, axis=0)
    middle = graph.constant("middle_of_8_bits", np.asarray(_MIDDLE, np.float32))
    centered = graph.node("Sub", graph.node("Cast", rows, to=1), middle)
    scaled = graph.node("Mul", centered, graph.node("Unsqueeze", scales, graph.integers(2)))
    flat = graph.integers(-1, fine.inputs)
    logits = graph.node("Gemm", graph.node("Reshape", source, flat), graph.node("Reshape", scaled, flat), transB=1)
    logits = graph.node("Unsqueeze", logits, graph.integers(0))
    places = graph.node("Expand", tokens, graph.node("Shape", logits))
    return graph.node("ScatterElements", guessed, places, logits, axis=2)
