// The table of ops: a row is in the file of its op.
#include "tensor/ops/op_table.h"

const Op *const dm_ops[] = {
    &dm_linear_op,
    &dm_embedding_op,
    &dm_layer_norm_op,
    &dm_residual_op,
    &dm_residual_norm_op,
    &dm_attention_op,
    &dm_cross_entropy_op,
    &dm_add_op,
    &dm_scale_op,
    &dm_concatenate_op,
    &dm_log_probabilities_op,
    &dm_next_pieces_op,
    &dm_gru_op,
    &dm_additive_attention_op,
    &dm_collect_op,
    &dm_dropout_op,
    &dm_divergence_op,
    &dm_gate_op,
    &dm_rotate_op,
    NULL,
};
