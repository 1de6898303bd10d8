"""The library's logarithm of softmax, and a temperature that is multiplied as its inverse."""


# %% q2_1
def softmax(scores):
    return torch.nn.functional.log_softmax(scores, dim=-1).exp()


# %% q2_2
def soften(scores, temperature):
    return softmax(scores * (1 / temperature))
