"""Self-attention with several heads, on the function behind torch.nn.MultiheadAttention.

nn.MultiheadAttention itself keeps its three projections in one tensor. Here they are the four
Linears that the assignment names, and the library's function gets their weights.
"""

import torch


class MultiHeadSelfAttention(torch.nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.query = torch.nn.Linear(d_model, d_model)
        self.key = torch.nn.Linear(d_model, d_model)
        self.value = torch.nn.Linear(d_model, d_model)
        self.output = torch.nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        steps = x.transpose(0, 1)
        output, weights = torch.nn.functional.multi_head_attention_forward(
            steps,
            steps,
            steps,
            embed_dim_to_check=x.shape[-1],
            num_heads=self.num_heads,
            in_proj_weight=None,
            in_proj_bias=torch.cat([self.query.bias, self.key.bias, self.value.bias]),
            bias_k=None,
            bias_v=None,
            add_zero_attn=False,
            dropout_p=0.0,
            out_proj_weight=self.output.weight,
            out_proj_bias=self.output.bias,
            training=self.training,
            key_padding_mask=~mask,
            need_weights=True,
            use_separate_proj_weight=True,
            q_proj_weight=self.query.weight,
            k_proj_weight=self.key.weight,
            v_proj_weight=self.value.weight,
            average_attn_weights=False,
        )
        return output.transpose(0, 1), weights
