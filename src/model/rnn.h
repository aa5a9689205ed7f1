// The recurrent encoder-decoder (Bahdanau et al. 2015), as far as options see it.
#pragma once

const char *dm_rnn_attention_name(int index);  // of --rnn-attention; NULL: no more of them
