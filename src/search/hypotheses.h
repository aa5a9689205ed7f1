// What strategies that decode piece by piece know of a sentence: how long it may become, what it has to begin and to end
// with, and which hypotheses of it have ended.
#pragma once
#include "search/search_parts.h"

// A hypothesis that came to its end.
typedef struct Ended {
    const Node *end;
    int count, pieces;
    double total, score;
    int id;      // of the piece behind them with which it ended, if pieces > count: the end of sentence, or a stop
    float last;  // its log probability
    Drafted drafted;
} Ended;

// The search of one sentence.
typedef struct Sentence {
    int index;
    int width;        // hypotheses: the beam, or the samples
    int limit;        // of pieces
    bool ends_there;  // with the end of sentence
    int ended;
    Ended *ends;      // the best one first
    int first, open;  // decoding step by step: its open hypotheses are the slots first ... first + open - 1
} Sentence;

Sentence dm_sentence_begin(Arena *arena, const SearchJob *job, int index, int width);
// What its piece number `length`, from 1, has to be.
Forced dm_sentence_forced(const SearchJob *job, const Sentence *sentence, int length);
bool dm_search_ends(const SearchJob *job, int id);                   // whether a hypothesis does with this piece
double dm_search_score(const SearchJob *job, double total, int pieces);
void dm_sentence_end(const SearchJob *job, Sentence *sentence, Ended ended);  // its score is still to be made
Found dm_sentence_found(Arena *arena, const SearchJob *job, const Sentence *sentence);
