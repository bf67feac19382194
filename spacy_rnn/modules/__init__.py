"""PyTorch modules on tensors."""
