"""First weights of torch's recurrent layers."""

import torch
from torch import nn


@torch.no_grad()
def draw_weights(layer: nn.RNNBase) -> None:
    """Draw new weights: Glorot-uniform input weights (Glorot & Bengio 2010), orthogonal recurrent
    weights a gate (Saxe et al. 2014), zero biases but for the LSTM's forget gate, which starts at
    one (Jozefowicz et al. 2015).

    layer (nn.RNNBase): An LSTM or GRU.
    """
    width = layer.hidden_size
    for name, weight in layer.named_parameters():
        if "bias" in name:
            nn.init.zeros_(weight)
            if isinstance(layer, nn.LSTM) and "bias_ih" in name:
                weight[width : 2 * width] = 1.0
        else:
            fill = nn.init.xavier_uniform_ if "weight_ih" in name else nn.init.orthogonal_
            for gate in weight.split(width):
                fill(gate)
