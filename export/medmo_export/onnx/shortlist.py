"""The head in two steps: 4-bit weights say which tokens are likely, and 8-bit ones compute these tokens' logits.

A head in 8 bits is a sixth of what a token reads at MedMO-4B's shape, and all but a few of its 151,936 rows belong to
tokens that are out of the question. So the rows are kept twice: in 4 bits, which are read whole, and in 8, of which
only those of the shortlist are. The logits of all other tokens stay those of the 4-bit rows.
"""

from __future__ import annotations

import json

import numpy as np

from medmo_export.onnx.graph import MICROSOFT, GraphBuilder, WeightFile
from medmo_export.onnx.packing import PackedWeight
from medmo_models.networks.onnx.head_rows import INPUTS, METADATA

#: Tokens whose logits are computed with 8-bit weights, at every position.
SHORTLIST = 128
#: A smaller vocabulary has a shortlist of this share of it, so that the embedded model has one too.
_SHARE = 8
_MIDDLE = 128


def shortlist_length(vocabulary: int) -> int:
    """Return how many tokens are on the list."""
    return min(SHORTLIST, vocabulary // _SHARE)


def add_shortlisted_head(
    graph: GraphBuilder, source: str, name: str, coarse: PackedWeight, coarse_file: WeightFile
) -> str:
    """Add the nodes and return the logits.

    The 8-bit rows are inputs of the graph, ``head_rows`` uint8 (outputs, blocks, block) and ``head_scales`` (outputs,
    blocks), so that the runtime decides how long they stay in memory; the graph's metadata says where they are stored.

    Parameters
    ----------
    graph : GraphBuilder
        Whose weight file holds the head in 8 bits already: symmetric, inputs in order and a whole number of blocks.
    source : str
        Value of shape (1, positions, inputs).
    name : str
        Of the head's weight.
    coarse : PackedWeight
        The head in 4 bits.
    coarse_file : WeightFile
        Where these go.

    Returns
    -------
    str
        Value of shape (1, positions, outputs).
    """
    stored = {part: graph.place(f"{name}.{part}") for part in ("values", "scales")}
    graph.metadata[METADATA] = json.dumps({INPUTS[part]: place for part, place in stored.items()})
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
    length = graph.integers(shortlist_length(coarse.outputs))
    _, tokens = graph.nodes("TopK", guessed, length, outputs=("", ""), axis=-1, sorted=0)
    # All positions' lists are one, so that the product is one of two matrices.
    tokens = graph.node("Reshape", tokens, graph.integers(-1))
    all_rows, all_scales = (
        graph.input(INPUTS[part], dtype, stored[part]["shape"])
        for part, dtype in (("values", np.uint8), ("scales", np.float32))
    )
    rows = graph.node("Cast", graph.node("Gather", all_rows, tokens, axis=0), to=1)
    scales = graph.node("Unsqueeze", graph.node("Gather", all_scales, tokens, axis=0), graph.integers(2))
    middle = graph.constant("middle_of_8_bits", np.asarray(_MIDDLE, np.float32))
    widened = graph.node("Mul", graph.node("Sub", rows, middle), scales)
    flat = graph.integers(-1, coarse.inputs)
    logits = graph.node("Gemm", graph.node("Reshape", source, flat), graph.node("Reshape", widened, flat), transB=1)
    logits = graph.node("Unsqueeze", logits, graph.integers(0))
    places = graph.node("Expand", tokens, graph.node("Shape", logits))
    return graph.node("ScatterElements", guessed, places, logits, axis=2)
